// What goes wrong around the extension: each has to end in a clear message with a next step, and with nothing lost.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../fixtures/eventually.ts";
import { promisingPng } from "../../fixtures/picture-bytes.ts";
import { smallDisk } from "../../fixtures/small-disk.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

const quick = JSON.stringify({
  dataset: { kind: "drawn-digits", train: 1200, test: 200 },
  model: { kind: "variational", encoder: [784, 100, 8] },
  training: { epochs: 2000, batch: 64, seed: 1 },
});

scenario("without a folder, and with several", {}, async ({ workbench, folder, window }) => {
  const empty = await workbench.openWindow();
  await empty.sideBar.show("Latent Lab");
  await eventually("what to do", async () => /Open a folder first/.test(await empty.sideBar.welcome()));
  assert.equal(await empty.offersCommand("Latent Lab: Train…"), false);
  await empty.close();

  for (const name of ["first", "second"]) mkdirSync(join(folder, name));
  const both = join(folder, "both.code-workspace");
  writeFileSync(both, JSON.stringify({ folders: [{ path: "first" }, { path: "second" }] }));
  writeFileSync(join(folder, "second", "latent-lab.json"), quick);
  await window.close();
  const several = await workbench.openWindow(both);
  await several.sideBar.show("Latent Lab");
  await several.runCommand("Latent Lab: Train…");
  assert.equal(await several.quickInput.question(), "Which folder keeps the run?");
  await several.quickInput.pick("second");
  await several.quickInput.pick("mnist-vae");
  await several.quickInput.pick("Drawn digits, a quick try");
  await several.statusBar.textLike(/epoch \d+\/5/);
  assert.ok(existsSync(join(folder, "second", ".latent-lab", "runs")));
  assert.ok(!existsSync(join(folder, "first", ".latent-lab")));
  await several.runCommand("Latent Lab: Stop");
  await several.close();
});

scenario("a disk that is full, and one that may not be written", {}, async ({ test, workbench }) => {
  const disk = smallDisk(test, 900);
  if (disk === null) return;
  writeFileSync(join(disk.path, "latent-lab.json"), quick);
  const window = await workbench.openWindow(disk.path);
  await window.editors.open("latent-lab.json");
  await window.editors.clickCodeLens("Train");
  assert.match(await window.notifications.waitFor(/the disk is full/, 60), /Free some space/);
  await window.notifications.dismiss();
  disk.makeReadOnly();
  await window.editors.clickCodeLens("Train");
  await window.notifications.waitFor(/no permission to write it/);
});

scenario(
  "pictures that are none, several at once",
  {
    "broken.png": "this is no picture",
    "drawn.png":
      '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><rect width="9" height="9"/></svg>',
    "huge.png": promisingPng(20_000, 20_000),
  },
  async ({ window, folder }) => {
    trainRun(folder, "digits");
    await window.explorer.select("broken.png", "drawn.png", "huge.png");
    await window.explorer.choose("huge.png", "Encode Image…");
    const panel = await window.panel('body[data-panel="encode"]');
    const refusals = panel.locator(".notice.error:visible");
    await eventually("three refusals", async () => (await refusals.count()) === 3);
    const text = await panel.text();
    assert.match(text, /drawn\.png: .*not a PNG, JPEG or WebP picture, whatever its name says/);
    assert.match(text, /huge\.png: .*20000×20000/);
    await window.screenshot("pictures that are none");
  },
);

scenario(
  "while it trains, its experiment breaks; then its folder goes",
  { "latent-lab.json": quick },
  async ({ window, workbench, folder }) => {
    await window.editors.open("latent-lab.json");
    await window.editors.clickCodeLens("Train");
    await window.statusBar.textLike(/epoch \d+\/2000/);
    const [name = ""] = readdirSync(join(folder, ".latent-lab", "runs")).filter(
      (entry) => !entry.startsWith("."),
    );
    const run = join(folder, ".latent-lab", "runs", name);
    await window.editors.activate("latent-lab.json");
    await window.editors.replaceText('{ "model": { "kind": "variational", ');
    await eventually("the squiggle", async () => (await window.editors.squiggles("warning")) > 0);
    const length = () => readFileSync(join(run, "metrics.jsonl"), "utf8").length;
    const before = length();
    await eventually("more epochs", () => length() > before);
    await window.runCommand("Latent Lab: Train This Experiment");
    await window.notifications.waitFor(/latent-lab\.json/);
    await window.notifications.dismiss();
    rmSync(run, { recursive: true });
    // Sooner or later it writes a checkpoint; asked to end, it does so now.
    for (const pid of workbench.processes("latent-lab.js")) process.kill(pid, "SIGINT");
    const gone = new RegExp(name);
    await window.notifications.waitFor(gone);
    assert.deepEqual(await window.notifications.buttons(gone), ["Show Log"]);
    await eventually("the end", () => workbench.processes("latent-lab.js").length === 0);
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("what the dashboard says", async () => /gone|deleted/i.test(await dashboard.text()));
    await window.screenshot("a run folder deleted while shown");
  },
);

scenario("a training process that dies at once", { "latent-lab.json": quick }, async (scene) => {
  const { window, workbench, folder } = scene;
  const node = join(folder, "node");
  const verdict = { node: "24.0.0", electron: null, dawn: false, readback: false, reason: "no GPU" };
  const answer = `case "$2" in runtime) echo '${JSON.stringify(verdict)}'; exit;; esac\n`;
  const writeNode = (beginning: string) =>
    writeFileSync(node, `#!/bin/sh\n${beginning}echo 'no such luck' >&2\nexit 3\n`, { mode: 0o755 });
  workbench.useMachineSettings({ "latentLab.node": node });
  try {
    await window.reload();
    await window.editors.open("latent-lab.json");
    writeNode(answer);
    await window.editors.clickCodeLens("Train");
    const message = await window.notifications.waitFor(/the training process ended at once/i);
    assert.match(message, /no such luck/);
    assert.match(message, /latentLab\.node/);
    await window.notifications.dismiss();
    // One that cannot even say what it is does not come to training.
    writeNode("");
    await window.editors.clickCodeLens("Train");
    assert.match(
      await window.notifications.waitFor(/which ended at once/),
      /latentLab\.node names .*no such luck/,
    );
  } finally {
    workbench.useMachineSettings({});
  }
});
