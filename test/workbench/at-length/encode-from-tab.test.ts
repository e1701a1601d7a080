// Encode Image from an editor's tab; the panel after a reload.
import { readFileSync } from "node:fs";
import { eventually } from "../../fixtures/eventually.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios();

scenario(
  "a picture is encoded from its tab; a reload brings the panel back",
  { "icon.png": readFileSync(new URL("../../../media/icon.png", import.meta.url)) },
  async ({ window, folder }) => {
    trainRun(folder, "digits");
    await window.explorer.waitFor("icon.png");
    await window.explorer.open("icon.png");
    await window.editors.chooseOnTab("icon.png", "Encode Image…");
    const encoded = async () => {
      const panel = await window.panel('body[data-panel="encode"]');
      await eventually("the numbers", async () => /PSNR/.test(await panel.text()));
    };
    await encoded();
    // The workbench notes which editors are open every five seconds, and cannot while it is being left.
    await window.page.waitForTimeout(7000);
    await window.reload();
    await encoded();
  },
);
