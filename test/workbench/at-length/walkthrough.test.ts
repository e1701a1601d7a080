// The walkthrough: its steps are ticked off when what they say has been done, and not when a button was pressed.
import { eventually } from "../../fixtures/eventually.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios();

scenario(
  "a step of the walkthrough is done when there is what it is about",
  {},
  async ({ window, folder }) => {
    const tour = async () => {
      await window.runCommand("Welcome: Open Walkthrough...");
      await window.quickInput.pick("Get started with Latent Lab");
    };
    const steps = window.page.locator(".getting-started-step");
    const done = steps.locator(".codicon-getting-started-step-checked");
    const areDone = (count: number) =>
      eventually(`${count} steps`, async () => (await done.count()) === count);
    // What a first try has done is done for the whole workbench.
    await window.runCommand("Developer: Reset Welcome Page Walkthrough Progress");
    await tour();
    await eventually("the steps", async () => (await steps.count()) === 4);
    await steps.locator(".monaco-button:visible", { hasText: "Train…" }).click();
    await eventually("a question", () => window.quickInput.question());
    await window.page.keyboard.press("Escape");
    await areDone(0);

    trainRun(folder, "digits");
    await window.sideBar.show("Latent Lab");
    await areDone(1);
    await window.sideBar.click("digits");
    await areDone(2);
    await window.runCommand("Latent Lab: New Experiment File");
    // It takes the focus when it comes, and a box that is open by then closes.
    await eventually("the file", async () => (await window.editors.codeLenses()).includes("Train"));
    await tour();
    await areDone(3);
    await window.screenshot("the walkthrough");
  },
);
