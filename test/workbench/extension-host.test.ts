// The tests inside the extension host, run in the workbench's; the same run on the desktop (npm run test:desktop).
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { helperCommand, packHelper } from "../extension-host/helper.ts";
import { readOutcomes } from "../extension-host/outcomes.ts";
import { eventually } from "../fixtures/eventually.ts";
import { ownTarget, vsixOf } from "../package/vsix.ts";
import { findInstallation } from "./installation.ts";
import { scenarios } from "./scenario.ts";

const folder = mkdtempSync(join(tmpdir(), "latent-lab-host-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const isInstalled = !("missing" in findInstallation());
const scenario = scenarios({ extensions: isInstalled ? [vsixOf(ownTarget), await packHelper(folder)] : [] });
const picture = readFileSync(new URL("../../media/icon.png", import.meta.url));

scenario(
  "inside the extension host: commands, CodeLens, training, encoding",
  { "picture.png": picture },
  async (scene) => {
    assert.ok((await scene.workbench.installedExtensions()).includes("latent-lab.latent-lab"));
    await scene.window.runCommand(`${helperCommand.category}: ${helperCommand.title}`);
    const { tests, measured } = await eventually("the outcomes", () => readOutcomes(scene.folder), 180);
    process.stderr.write(`${JSON.stringify(measured)}\n`);
    assert.ok(tests.length > 5);
    assert.deepEqual(
      tests.filter(({ problem }) => problem !== null),
      [],
    );
  },
);
