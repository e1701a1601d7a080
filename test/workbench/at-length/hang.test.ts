// A training process that hangs: it is remarked upon, and ended when it does not stop.
import assert from "node:assert/strict";
import { eventually } from "../../fixtures/eventually.ts";
import { epochsIn, runsIn } from "../../fixtures/workspace-runs.ts";
import { longTraining, startLongTraining } from "../long-training.ts";
import { scenarios } from "../scenario.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

scenario(
  "a training that hangs is told of, ended by Stop after its time, and resumed",
  longTraining,
  async ({ window, workbench, folder }) => {
    await startLongTraining(window);
    const training = () => workbench.processes("latent-lab.js train");
    for (const pid of training()) process.kill(pid, "SIGSTOP");
    assert.match(await window.statusBar.textLike(/no word for/, 120), /no word for (?:[6-9]\d s|2 min)/);
    assert.match(await window.statusBar.tooltip(/no word for/), /may hang.*Stop/s);
    await window.screenshot("a training process that hangs");
    await window.runCommand("Latent Lab: Stop");
    await window.statusBar.textLike(/stopping/);
    const ended = /did not stop when asked, and was ended/;
    assert.match(await window.notifications.waitFor(ended, 60), /checkpoint is kept/);
    assert.deepEqual(training(), []);
    const [run = ""] = runsIn(folder);
    const done = epochsIn(run);
    await window.notifications.press(ended, "Resume");
    await eventually("more epochs", () => epochsIn(run) > done);
    await window.runCommand("Latent Lab: Stop");
    await eventually("the end", () => training().length === 0);
  },
);
