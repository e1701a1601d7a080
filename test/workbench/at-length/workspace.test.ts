// A workspace of several folders: one joins it, one cannot be read.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../fixtures/eventually.ts";
import { longTraining, startLongTraining } from "../long-training.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

scenario(
  "a folder that joins the workspace brings its runs and its training; one that cannot be read hides no other's",
  Object.fromEntries(Object.entries(longTraining).map(([name, content]) => [`third/${name}`, content])),
  async ({ workbench, folder, window }) => {
    trainRun(join(folder, "first"), "digits");
    mkdirSync(join(folder, "second", ".latent-lab"), { recursive: true });
    // A link to itself: unreadable for every user, root too.
    symlinkSync("runs", join(folder, "second", ".latent-lab", "runs"));
    const file = join(folder, "all.code-workspace");
    const save = (...names: string[]) =>
      writeFileSync(file, JSON.stringify({ folders: names.map((path) => ({ path })) }));
    save("first", "second");
    await window.close();
    const several = await workbench.openWindow(file);
    await several.sideBar.show("Latent Lab");
    const rows = async () => (await several.sideBar.rows()).join("; ");
    await eventually("both folders", async () => {
      const found = await rows();
      return /digits, finished/.test(found) && /Runs of second.*cannot be read/.test(found);
    });
    const offered = await several.sideBar.offers("Runs of second");
    assert.ok(!offered.some((item) => item.startsWith("Delete")), offered.join());
    assert.doesNotMatch(workbench.outputChannel("Latent Lab"), /should not have happened/);
    await several.screenshot("a folder whose runs cannot be read");

    const other = await workbench.openWindow(join(folder, "third"));
    await startLongTraining(other);
    await other.close();
    assert.ok(!(await several.statusBar.texts()).some((text) => /epoch/.test(text)));
    save("first", "second", "third");
    await several.statusBar.textLike(/epoch \d+\/20000/);
    await eventually("its run", async () => /, training/i.test(await rows()));
    await several.runCommand("Latent Lab: Stop");
    await eventually("its end", async () => /, stopped/i.test(await rows()));
  },
);
