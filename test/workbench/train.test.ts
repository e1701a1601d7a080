// Training from inside the workbench: the palette, the dashboard beside the code, the status bar, the log; a reload,
// a second window, a stop, a kill.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import type { WorkbenchWindow } from "./window.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

/** Trains for minutes, unless somebody stops it; its epochs take a moment each. */
const long = JSON.stringify({
  name: "long-vae",
  dataset: { kind: "drawn-digits", train: 1200, test: 200 },
  model: { kind: "variational", encoder: [784, 100, 8] },
  training: { epochs: 2000, batch: 64, seed: 1 },
});

function runsIn(folder: string): string[] {
  return readdirSync(join(folder, ".latent-lab", "runs")).map((name) =>
    join(folder, ".latent-lab", "runs", name),
  );
}

function epochsIn(run: string): number {
  return readFileSync(join(run, "metrics.jsonl"), "utf8").split('"event":"epoch"').length - 1;
}

async function startLong(window: WorkbenchWindow): Promise<void> {
  await window.editors.open("long.latent-lab.json");
  await window.editors.clickCodeLens("Train");
  await window.statusBar.textLike(/epoch \d+\/2000/);
}

scenario("a preset is trained on 2,000 images, from the palette to the pictures", {}, async (scene) => {
  const { window, workbench, folder } = scene;
  await window.runCommand("Latent Lab: Train…");
  await window.quickInput.pick("mnist-vae");
  await window.quickInput.pick("Drawn digits, a quick try");
  const dashboard = await window.panel('body[data-panel="dashboard"]');
  await eventually("the end", async () => /finished/i.test(await dashboard.text()), 60);
  await eventually("the curves", async () => (await dashboard.colours("canvas")) > 3);
  const text = await dashboard.text();
  assert.match(text, /5 of 5/);
  assert.match(text, /Test loss/);
  await eventually("pictures", async () => (await dashboard.locator("canvas").count()) > 1);
  assert.ok((await window.statusBar.texts()).some((item) => item.includes("Latent Lab")));
  const log = workbench.outputChannel("Latent Lab");
  assert.match(log, /epoch 5\/5 {2}train [\d.]+ {2}test [\d.]+/);
  const [run = ""] = runsIn(folder);
  assert.equal(epochsIn(run), 5);
  await window.screenshot("dashboard of a finished run");
  assert.deepEqual(await dashboard.accessibilityFindings(), []);
});

scenario(
  "a long training outlives a reload, is stopped from a second window, resumed, killed, and resumed again",
  { "long.latent-lab.json": long },
  async ({ window, workbench, folder }) => {
    await startLong(window);
    const [run = ""] = runsIn(folder);
    const status = () => JSON.parse(readFileSync(join(run, "run.json"), "utf8")).status;
    const shown = await window.panel('body[data-panel="dashboard"]');
    await eventually("the live dashboard", async () => /of 2,?000/.test(await shown.text()));
    // The workbench notes which editors are open every five seconds, and cannot while it is being left.
    await window.page.waitForTimeout(7000);
    await window.reload();
    await window.statusBar.textLike(/epoch \d+\/2000/);
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("the live dashboard", async () => /of 2,?000/.test(await dashboard.text()));

    const second = await workbench.openWindow(folder);
    await second.statusBar.textLike(/epoch \d+\/2000/);
    await second.runCommand("Latent Lab: Stop");
    await eventually("the stop", () => status() === "stopped");
    await second.close();
    await eventually("the end", async () => /stopped/i.test(await dashboard.text()));

    const done = epochsIn(run);
    await eventually("idle", async () => (await window.statusBar.texts()).includes("Latent Lab"));
    await window.runCommand("Latent Lab: Resume Run…");
    await window.quickInput.pickFirst("Resume which run?");
    await window.statusBar.textLike(/epoch \d+\/2000/);
    await eventually("more epochs", () => epochsIn(run) > done);
    assert.equal(runsIn(folder).length, 1);

    for (const pid of workbench.processes("latent-lab.js")) process.kill(pid, "SIGKILL");
    await window.notifications.waitFor(/ended without a word/);
    assert.ok((await window.notifications.buttons(/ended without a word/)).includes("Resume"));
    await eventually("what the dashboard says", async () => /interrupted/i.test(await dashboard.text()));
    await window.screenshot("a training process that was killed");
    await window.notifications.press(/ended without a word/, "Resume");
    await window.statusBar.textLike(/epoch \d+\/2000/);
    await window.runCommand("Latent Lab: Stop");
    await eventually("the stop", () => status() === "stopped");
  },
);
