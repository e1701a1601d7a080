// Encode Image from the Explorer's menu; a .latent file, saved and opened again.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const scenario = scenarios();

scenario(
  "with no model yet, Encode Image offers to train one; with one, a picture becomes a .latent file and comes back",
  { "icon.png": readFileSync(new URL("../../media/icon.png", import.meta.url)) },
  async ({ window, folder }) => {
    await window.explorer.waitFor("icon.png");
    await window.explorer.choose("icon.png", "Encode Image…");
    const early = await window.panel('body[data-panel="encode"]');
    await eventually("the offer", async () => /train/i.test(await early.text()));
    await window.runCommand("View: Close All Editors");

    trainRun(folder, "digits");
    assert.ok((await window.explorer.offers("icon.png")).some((item) => item.startsWith("Encode Image")));
    await window.explorer.choose("icon.png", "Encode Image…");
    const panel = await window.panel('body[data-panel="encode"]');
    await eventually("the numbers", async () => /PSNR/.test(await panel.text()));
    const text = await panel.text();
    for (const word of ["Seen by the model", "Reconstruction", "Difference", "MSE", "SSIM", ".latent file"])
      assert.ok(text.includes(word), word);
    assert.ok((await panel.colours('canvas[aria-label="Reconstruction"]')) > 10);
    await window.screenshot("encode panel");
    await window.explorer.choose("icon.png", "Encode Image…");
    assert.deepEqual(await window.editors.tabs(), ["Encode icon.png"]);

    await panel.locator(".section-head >> text=Save .latent").click();
    await window.quickInput.accept();
    await eventually("the saved file", () => existsSync(join(folder, "icon.latent")));
    await window.explorer.waitFor("icon.latent");
    await window.explorer.open("icon.latent");
    const latent = await eventually("the decoded picture", async () => {
      const opened = await window.panel('canvas[aria-label="Decoded"]');
      return (await opened.colours('canvas[aria-label="Decoded"]')) > 10 ? opened : undefined;
    });
    assert.match(await latent.text(), /28×28, by digits · \d{4}-.*\.latent file/s);
  },
);
