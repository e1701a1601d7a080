// What happens to a training when the last window that watches it closes: the setting decides.
import assert from "node:assert/strict";
import { eventually } from "../../fixtures/eventually.ts";
import { recordOf, runsIn } from "../../fixtures/workspace-runs.ts";
import { longTraining, startLongTraining } from "../long-training.ts";
import { scenarios } from "../scenario.ts";

const scenario = scenarios({
  settings: { "latentLab.threads": 1, "latentLab.whenLastWindowCloses": "stop" },
});

scenario(
  "with the setting to stop, a closed window ends the training after a while, and nothing is lost",
  longTraining,
  async ({ window, workbench, folder }) => {
    await startLongTraining(window);
    const [run = ""] = runsIn(folder);
    await window.close();
    await eventually("the stop", () => recordOf(run).status === "stopped", 90);
    await eventually("the end", () => workbench.processes("latent-lab.js train").length === 0);
    const another = await workbench.openWindow(folder);
    await another.sideBar.show("Latent Lab");
    await eventually("the run", async () =>
      (await another.sideBar.rows()).some((row) => /long-vae, stopped/.test(row)),
    );
    assert.equal(runsIn(folder).length, 1);
  },
);
