// A window that is reloaded before its panel has been drawn: the first one of a browser may take half a minute.
import assert from "node:assert/strict";
import { eventually } from "../../fixtures/eventually.ts";
import { longTraining, startLongTraining } from "../long-training.ts";
import { scenarios } from "../scenario.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

/** The page in which VS Code puts a panel's own. */
const frameOfPanels = /\/webview\/browser\/pre\/index\.html/;
/** The workbench notes which editors are open every five seconds. */
const untilNoted = 7000;

scenario("a panel that nobody has seen yet comes back after a reload", longTraining, async ({ window }) => {
  const { page } = window;
  const context = page.context();
  await context.route(frameOfPanels, () => {});
  await startLongTraining(window);
  const isThere = async () => (await window.editors.tabs()).some((title) => title.startsWith("long-vae"));
  await eventually("the dashboard's tab", isThere);
  await page.waitForTimeout(untilNoted);
  await context.unroute(frameOfPanels);
  await window.reload();
  const dashboard = await window.panel('body[data-panel="dashboard"]');
  await eventually("the live dashboard", async () => /of 20,000/.test(await dashboard.text()));
  assert.ok(await isThere());
  await window.runCommand("Latent Lab: Stop");
});
