import assert from "node:assert/strict";
import { manifest } from "../package/vsix.ts";
import { scenarios } from "./scenario.ts";

const scenario = scenarios();

scenario("the package installs in a workbench, which opens a folder", { "a.txt": "" }, async (scene) => {
  const identifier = `${manifest.publisher}.${manifest.name}`;
  assert.deepEqual(await scene.workbench.installedExtensions(), [identifier]);
  assert.deepEqual(await scene.window.explorer.files(), ["a.txt"]);
});
