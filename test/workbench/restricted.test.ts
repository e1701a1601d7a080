// Restricted Mode: saved runs can be looked at, nothing is launched.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));
const scenario = scenarios({ trust: "asked" });

const experiment = JSON.stringify({ model: { kind: "autoencoder", encoder: [784, 8] } });

scenario(
  "in Restricted Mode a run can be looked at, and nothing is launched until the workspace is trusted",
  {
    "latent-lab.json": experiment,
    "icon.png": readFileSync(new URL("../../media/icon.png", import.meta.url)),
  },
  async (scene) => {
    const { window, workbench, folder } = scene;
    const run = trainRun(folder, "digits");
    spawnSync(process.execPath, [program, "encode", run, join(folder, "icon.png")]);
    await window.sideBar.show("Latent Lab");
    await eventually("the run", async () => (await window.sideBar.rows()).some((row) => /digits/.test(row)));
    await window.sideBar.click("digits");
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("the run", async () => /3 of 3/.test(await dashboard.text()));
    assert.ok((await dashboard.colours("canvas")) > 1);
    for (const command of ["Train…", "Encode Image…", "Decode Latent"])
      assert.equal(await window.offersCommand(`Latent Lab: ${command}`), false, command);
    assert.deepEqual(workbench.processes("latent-lab.js"), []);

    // What can be seen when the workspace becomes trusted is as if it had been opened then.
    await window.sideBar.show("Explorer");
    await window.explorer.open("icon.latent");
    await window.runCommand("View: Move Editor into Next Group");
    await window.editors.open("latent-lab.json");
    await window.runCommand("View: Move Editor into Next Group");
    const refused = ':has-text("nothing is launched in Restricted Mode")';
    const latent = await window.panel(`body[data-panel="encode"]${refused}`);
    const beside = await window.panel('body[data-panel="dashboard"][data-layout="wide"]:has(canvas)');
    const longer = beside.locator('vscode-button:has-text("Train longer…")');
    assert.equal(await longer.isVisible(), false);
    await window.runCommand("Workspaces: Manage Workspace Trust");
    await window.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).click();
    await window.page.keyboard.press("Escape");
    await eventually("its lens", async () => (await window.editors.codeLenses()).includes("Train"));
    await eventually("Train longer", () => longer.isVisible());
    const decoded = 'canvas[aria-label="Decoded"]';
    await latent.locator(decoded).waitFor();
    assert.ok((await latent.colours(decoded)) > 10);
    await window.screenshot("a workspace that has become trusted");
  },
);
