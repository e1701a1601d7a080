// Encode Image from the explorer's menu; a .latent file, made by the command line tool, in its editor.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";
import { eventually } from "./wait.ts";

const scenario = scenarios();

scenario(
  "a picture is encoded from the explorer; its .latent file is decoded by the model that made it",
  {},
  async ({ window, folder }) => {
    const run = trainRun(folder, "digits");
    trainRun(folder, "others", "training.seed=2");
    copyFileSync(join(run, "samples.png"), join(folder, "picture.png"));
    await eventually("the file", async () => (await window.explorer.files()).includes("picture.png"));
    assert.ok((await window.explorer.offers("picture.png")).some((item) => item.startsWith("Encode Image")));
    await window.explorer.choose("picture.png", "Encode Image…");
    const panel = await window.panel('body[data-panel="encode"]');
    await eventually("the numbers", async () => /PSNR/.test(await panel.text()));
    const text = await panel.text();
    for (const word of ["Seen by the model", "Reconstruction", "Difference", "MSE", "SSIM", ".latent file"])
      assert.ok(text.includes(word), word);
    assert.ok((await panel.colours('canvas[aria-label="Reconstruction"]')) > 10);
    await window.screenshot("encode panel");
    assert.deepEqual(await panel.accessibilityFindings(), []);

    const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));
    spawnSync(process.execPath, [program, "encode", run, join(folder, "picture.png")]);
    assert.ok(existsSync(join(folder, "picture.latent")));
    await eventually("the file", async () => (await window.explorer.files()).includes("picture.latent"));
    await window.explorer.open("picture.latent");
    const latent = await eventually("the decoded picture", async () => {
      const opened = await window.panel('canvas[aria-label="Decoded"]');
      return (await opened.colours('canvas[aria-label="Decoded"]')) > 10 ? opened : undefined;
    });
    assert.match(await latent.text(), /\.latent file/);
  },
);

scenario("with no model yet, the panel offers to train one", {}, async ({ window, folder }) => {
  copyFileSync(fileURLToPath(new URL("../../media/icon.png", import.meta.url)), join(folder, "icon.png"));
  await eventually("the file", async () => (await window.explorer.files()).includes("icon.png"));
  await window.explorer.choose("icon.png", "Encode Image…");
  const panel = await window.panel('body[data-panel="encode"]');
  await eventually("the offer", async () => /train/i.test(await panel.text()));
});
