// Several runs selected in the tree: what is done with one of them is done with all.
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../fixtures/eventually.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios();

scenario(
  "runs that are selected together are compared, and deleted after one question",
  {},
  async ({ window, folder }) => {
    const first = trainRun(folder, "first");
    const copy = (name: string): string => {
      const run = join(folder, ".latent-lab", "runs", name);
      cpSync(first, run, { recursive: true });
      const record = join(run, "run.json");
      writeFileSync(record, readFileSync(record, "utf8").replace('"name": "first"', `"name": "${name}"`));
      return run;
    };
    const second = copy("second");
    const third = copy("third");
    await window.sideBar.show("Latent Lab");
    await window.sideBar.select("first", "second");
    const offered = await window.sideBar.offers("second");
    assert.deepEqual(
      offered.filter((label) => /Compare|Delete|Copy|Dashboard|Generate|Folder/.test(label)),
      ["Compare Runs", "Delete Run…"],
    );
    await window.sideBar.choose("second", "Compare Runs");
    const compared = await window.panel('body[data-panel="dashboard"]:has-text("second")');
    await eventually("both runs", async () => /first[\s\S]*second/.test(await compared.text()));

    await window.sideBar.select("first", "second");
    await window.sideBar.choose("second", "Delete Run…");
    const question = window.page.locator(".monaco-dialog-box");
    const text = await question.innerText();
    assert.match(text, /Delete 2 runs\?/);
    assert.match(text, /first · [\s\S]*second · [\s\S]*Their models/);
    await window.screenshot("deleting several runs");
    await question.locator(".monaco-button", { hasText: "Delete" }).click();
    await eventually("both are gone", () => !existsSync(first) && !existsSync(second));
    await eventually("the third alone", async () => (await window.sideBar.rows()).length === 1);
    assert.ok(existsSync(third));
  },
);
