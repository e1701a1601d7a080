// A training that takes longer than anybody looks at it: a reload, a second window, a stop, a kill.
import assert from "node:assert/strict";
import { constants, getPriority } from "node:os";
import { eventually } from "../fixtures/eventually.ts";
import { epochsIn, recordOf, runsIn } from "../fixtures/workspace-runs.ts";
import { longTraining, startLongTraining } from "./long-training.ts";
import { scenarios } from "./scenario.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

scenario(
  "a long training outlives a reload, is stopped from a second window, resumed, killed, and resumed again",
  longTraining,
  async ({ window, workbench, folder }) => {
    await startLongTraining(window);
    const [run = ""] = runsIn(folder);
    const status = () => recordOf(run).status;
    assert.ok(await window.statusBar.spins(/epoch \d+\/20000/));
    const [training = 0] = workbench.processes("latent-lab.js");
    assert.equal(getPriority(training), constants.priority.PRIORITY_BELOW_NORMAL);
    assert.match(await window.statusBar.tooltip(/epoch \d+\/20000/), /Test loss.*Stop/s);
    const shown = await window.panel('body[data-panel="dashboard"]');
    await eventually("the live dashboard", async () => /of 20,?000/.test(await shown.text()));
    // The workbench notes which editors are open every five seconds, and cannot while it is being left.
    await window.page.waitForTimeout(7000);
    await window.reload();
    await window.statusBar.textLike(/epoch \d+\/20000/);
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("the live dashboard", async () => /of 20,?000/.test(await dashboard.text()));

    const second = await workbench.openWindow(folder);
    await second.statusBar.textLike(/epoch \d+\/20000/);
    await second.runCommand("Latent Lab: Stop");
    await eventually("the stop", () => status() === "stopped");
    await second.close();
    await eventually("the end", async () => /stopped/i.test(await dashboard.text()));

    const done = epochsIn(run);
    await eventually("idle", async () => (await window.statusBar.texts()).includes("Latent Lab"));
    await window.runCommand("Latent Lab: Resume Run…");
    await window.statusBar.textLike(/epoch \d+\/20000/);
    await eventually("more epochs", () => epochsIn(run) > done);
    assert.equal(runsIn(folder).length, 1);

    for (const pid of workbench.processes("latent-lab.js")) process.kill(pid, "SIGKILL");
    await window.notifications.waitFor(/ended without a word/);
    assert.ok((await window.notifications.buttons(/ended without a word/)).includes("Resume"));
    await eventually("what the dashboard says", async () => /interrupted/i.test(await dashboard.text()));
    await window.screenshot("a training process that was killed");
    await window.notifications.press(/ended without a word/, "Resume");
    await window.statusBar.textLike(/epoch \d+\/20000/);
    await window.runCommand("Latent Lab: Stop");
    await eventually("the stop", () => status() === "stopped");
  },
);
