// The Runs tree: looking at runs, comparing, deleting.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { epochsIn, recordOf } from "../fixtures/workspace-runs.ts";
import { scenarios } from "./scenario.ts";
import { trainArguments, trainRun } from "./trained-run.ts";

const scenario = scenarios();

scenario(
  "runs are listed, compared, and deleted after a question; a hundred are no trouble",
  {},
  async ({ window, folder }) => {
    const first = trainRun(folder, "narrow", "model.encoder=784,100,8");
    trainRun(folder, "wide");
    const broken = join(folder, ".latent-lab", "runs", "broken");
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, "run.json"), '{ "format": 999, "productVersion": "9.0.0" }');
    await window.sideBar.show("Latent Lab");
    const rows = await eventually("three rows", async () => {
      const found = await window.sideBar.rows();
      return found.length === 3 ? found : undefined;
    });
    assert.ok(rows.some((row) => /narrow, finished/.test(row)));
    assert.ok(rows.some((row) => /broken/.test(row)));
    await window.sideBar.click("wide");
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("the run", async () => /3 of 3/.test(await dashboard.text()));
    await window.runCommand("Latent Lab: Compare Runs");
    assert.equal(await window.quickInput.question(), "Compare which runs? (2 to 6)");
    await window.quickInput.checkAll();
    await eventually("both runs", async () => {
      const compared = await window.panel('body[data-panel="dashboard"]:has-text("narrow")');
      return /wide/.test(await compared.text());
    });
    await window.screenshot("compared runs");
    await window.sideBar.choose("narrow", "Delete Run…");
    await window.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Delete" }).click();
    await eventually("it is gone", () => !existsSync(first));
    await eventually("the comparison without it", async () => {
      const tabs = await window.editors.tabs();
      return tabs.filter((title) => title.startsWith("wide · ")).length === 2;
    });

    for (let number = 1; number < 100; number++)
      cpSync(join(folder, ".latent-lab/runs/wide"), join(folder, `.latent-lab/runs/copy-${number}`), {
        recursive: true,
      });
    await window.runCommand("View: Close All Editors");
    await window.runCommand("Latent Lab: Open Dashboard");
    const [row = ""] = await eventually("runs to choose from", () => window.quickInput.rows());
    await window.quickInput.pick(row);
    const another = await window.panel('body[data-panel="dashboard"]');
    await eventually("the run", async () => /3 of 3/.test(await another.text()));
  },
);

scenario(
  "a run that is trained in a terminal is found, followed to its end, and not deleted before",
  {},
  async (scene) => {
    const { window, folder } = scene;
    await window.sideBar.show("Latent Lab");
    const training = spawn(
      process.execPath,
      trainArguments(join(folder, ".latent-lab", "runs", "own"), "own", 4000),
      {
        stdio: "ignore",
      },
    );
    scene.test.after(() => training.kill());
    await eventually("its first epochs", () => epochsIn(join(folder, ".latent-lab/runs/own")) > 0);
    await window.sideBar.show("Explorer");
    await window.sideBar.show("Latent Lab");
    await window.sideBar.click("own");
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    const epoch = async () => Number(/Epoch\s+(\d+) of 4,000/.exec(await dashboard.text())?.[1] ?? 0);
    const early = await eventually("an epoch", async () => (await epoch()) || undefined);
    await eventually("a later one", async () => (await epoch()) > early);
    const offered = await window.sideBar.offers("own");
    assert.ok(offered.some((item) => item.startsWith("Copy")));
    assert.ok(!offered.some((item) => item.startsWith("Delete")), offered.join());
    training.kill("SIGINT");
    await eventually("its end", async () => /Stopped/.test(await dashboard.text()));
    const { epochsDone } = recordOf(join(folder, ".latent-lab/runs/own"));
    await eventually("its last epoch", async () => (await epoch()) === epochsDone);
    await eventually("Resume and Delete in its menu", async () => {
      const after = await window.sideBar.offers("own");
      return ["Resume", "Delete"].every((item) => after.some((label) => label.startsWith(item)));
    });
  },
);
