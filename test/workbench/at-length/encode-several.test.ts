// Encode Image for several pictures: one panel, and their .latent files in one folder.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../fixtures/eventually.ts";
import { flat } from "../../fixtures/picture-bytes.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios();

scenario(
  "several pictures are encoded together, and their .latent files saved at once",
  { "a.latent": "mine" },
  async ({ window, folder }) => {
    const run = trainRun(folder, "digits");
    for (const name of ["a.png", "b.png", "b.jpg"]) await flat(28, 28, "#777777").toFile(join(folder, name));
    await window.explorer.waitFor("b.png");
    await window.explorer.select("a.png", "b.png", "b.jpg");
    await window.explorer.choose("b.png", "Encode Image…");
    const panel = await window.panel('body[data-panel="encode"]');
    await eventually("all three", async () => (await panel.text()).split("PSNR").length === 4);
    await window.screenshot("several pictures encoded");
    const saved = () => readdirSync(folder).filter((name) => name.endsWith(".latent"));
    const question = window.page.locator(".monaco-dialog-box");
    const saveInWorkspace = async () => {
      await panel.locator('vscode-button:has-text("Save all .latent…")').click();
      await window.page.getByRole("button", { name: "Save Here" }).click();
      await question.waitFor();
    };
    await saveInWorkspace();
    assert.match(await question.innerText(), /Replace a\.latent\?/);
    await question.locator(".monaco-button", { hasText: "Cancel" }).click();
    await question.waitFor({ state: "hidden" });
    assert.deepEqual(saved(), ["a.latent"]);
    assert.equal(readFileSync(join(folder, "a.latent"), "utf8"), "mine");
    await saveInWorkspace();
    await question.locator(".monaco-button", { hasText: "Replace" }).click();
    await eventually("all files", () => saved().length === 3);
    assert.deepEqual(saved().sort(), ["a.latent", "b.jpg.latent", "b.png.latent"]);
    const { modelSha256 } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    await eventually("the model's name in each", () =>
      saved().every((name) => readFileSync(join(folder, name)).toString("hex").includes(modelSha256)),
    );
  },
);
