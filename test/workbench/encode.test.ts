// Encode Image from the Explorer's menu; a .latent file, saved and opened again.
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { flat } from "../fixtures/picture-bytes.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const scenario = scenarios();

scenario(
  "with no model yet, Encode Image offers to train one; with one, a picture becomes a .latent file and comes back",
  {
    "note.txt": "something else",
    "icon.png": readFileSync(new URL("../../media/icon.png", import.meta.url)),
  },
  async ({ window, folder }) => {
    await window.explorer.waitFor("icon.png");
    await window.explorer.choose("icon.png", "Encode Image…");
    const early = await window.panel('body[data-panel="encode"]');
    await eventually("the offer", async () => /train/i.test(await early.text()));
    await window.runCommand("View: Close All Editors");

    const run = trainRun(folder, "digits");
    assert.ok((await window.explorer.offers("icon.png")).some((item) => item.startsWith("Encode Image")));
    await window.explorer.choose("icon.png", "Encode Image…");
    const panel = await window.panel('body[data-panel="encode"]');
    await eventually("the numbers", async () => /PSNR/.test(await panel.text()));
    const text = await panel.text();
    for (const word of ["Seen by the model", "Reconstruction", "Difference", "MSE", "SSIM", ".latent file"])
      assert.ok(text.includes(word), word);
    assert.ok((await panel.colours('canvas[aria-label="Reconstruction"]')) > 10);
    await window.screenshot("encode panel");
    // Behind another tab and back: as it was, and nothing is asked again, which would fail now.
    await panel.locator("vscode-checkbox").click();
    await eventually("the choice", async () => /chosen by you/.test(await panel.text()));
    const model = join(run, "model.safetensors");
    renameSync(model, `${model}.away`);
    await window.editors.open("note.txt");
    await window.editors.activate("Encode icon.png");
    const again = await window.panel('body[data-panel="encode"]');
    await eventually("all of it", async () =>
      /chosen by you.*256×256 pixels.*PSNR/s.test(await again.text()),
    );
    assert.equal(await again.locator(".notice.error:visible").count(), 0);
    renameSync(`${model}.away`, model);
    // The same panel, and what the file is now.
    writeFileSync(join(folder, "icon.png"), await flat(40, 30, "#999999").png().toBuffer());
    await window.explorer.choose("icon.png", "Encode Image…");
    assert.deepEqual(await window.editors.tabs(), ["Encode icon.png", "note.txt"]);
    await eventually("the new picture", async () => /40×30 pixels.*PSNR/s.test(await again.text()));

    await again.locator(".section-head >> text=Save .latent").click();
    await window.quickInput.accept();
    await eventually("the saved file", () => existsSync(join(folder, "icon.latent")));
    await window.explorer.waitFor("icon.latent");
    await window.explorer.open("icon.latent");
    const latent = await eventually("the decoded picture", async () => {
      const opened = await window.panel('canvas[aria-label="Decoded"]');
      return (await opened.colours('canvas[aria-label="Decoded"]')) > 10 ? opened : undefined;
    });
    assert.match(await latent.text(), /28×28, by digits · \d{4}-.*\.latent file/s);

    rmSync(run, { recursive: true });
    trainRun(folder, "others", "training.seed=2");
    await window.runCommand("View: Close All Editors");
    await window.explorer.open("icon.latent");
    const orphan = await window.panel('body[data-panel="encode"]:has-text("icon.latent")');
    await eventually("whose it is", async () =>
      /the run whose model made it is not in this workspace/.test(await orphan.text()),
    );
  },
);
