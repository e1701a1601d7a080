// Every panel in the four kinds of theme: the page follows, nothing becomes unreadable, and a picture is kept.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const scenario = scenarios();
const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));

const themes = [
  { title: "Dark Modern", kind: "vs-dark", pageClass: "vscode-dark" },
  { title: "Light Modern", kind: "vs", pageClass: "vscode-light" },
  { title: "Dark High Contrast", kind: "hc-black", pageClass: "vscode-high-contrast" },
  { title: "Light High Contrast", kind: "hc-light", pageClass: "vscode-high-contrast-light" },
] as const;

scenario("dashboard, encode panel and .latent editor in four themes", {}, async ({ window, folder }) => {
  const run = trainRun(folder, "digits");
  const picture = join(folder, "picture.png");
  cpSync(fileURLToPath(new URL("../../media/icon.png", import.meta.url)), picture);
  spawnSync(process.execPath, [program, "encode", run, picture]);
  await window.sideBar.show("Latent Lab");
  await window.sideBar.click("digits");
  const panels = {
    dashboard: async () => window.panel('body[data-panel="dashboard"][data-layout="wide"]'),
    encode: async () => window.panel('body[data-panel="encode"]:has(canvas[aria-label="Reconstruction"])'),
    latent: async () => window.panel('body[data-panel="encode"]:has(canvas[aria-label="Decoded"])'),
  };
  const lookInAllThemes = async (name: keyof typeof panels) => {
    for (const { title, kind, pageClass } of themes) {
      await window.useTheme(title);
      await eventually(title, async () => (await window.themeKind()) === kind);
      const panel = await panels[name]();
      await panel.locator(`body.${pageClass}`).waitFor();
      await eventually("pictures", async () => (await panel.colours("canvas")) > 3);
      assert.deepEqual(await panel.accessibilityFindings(), [], `${name} in ${title}`);
      await window.screenshot(`${name} in ${title}`);
    }
  };
  await lookInAllThemes("dashboard");
  await window.runCommand("View: Close All Editors");
  await window.sideBar.show("Explorer");
  await window.explorer.choose("picture.png", "Encode Image…");
  await lookInAllThemes("encode");
  await window.runCommand("View: Close All Editors");
  await window.explorer.open("picture.latent");
  await lookInAllThemes("latent");
});
