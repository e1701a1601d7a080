/**
 * `npm run test:desktop`: the tests inside the extension host of a VS Code on the desktop, against the packaged
 * extension. It downloads VS Code, or takes the one that VSCODE_EXECUTABLE names; without a display, run it under
 * xvfb-run. Ends with "N passed, N failed".
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";
import { ownTarget, unpack, unzip, vsixOf } from "../package/vsix.ts";
import { bundleSuite } from "./bundle.ts";
import { type Outcomes, readOutcomes } from "./outcomes.ts";

async function findVSCode(folder: string): Promise<string> {
  const named = process.env.VSCODE_EXECUTABLE;
  if (named !== undefined && named !== "") return named;
  try {
    return await downloadAndUnzipVSCode({ cachePath: folder });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `VS Code could not be downloaded (${reason}). Set VSCODE_EXECUTABLE to one that is installed.`,
    );
  }
}

async function testOnDesktop(folder: string): Promise<Outcomes | null> {
  const vscodeExecutablePath = await findVSCode(
    fileURLToPath(new URL("../../.cache/vscode", import.meta.url)),
  );
  const workspace = join(folder, "workspace");
  const extension = join(folder, "package");
  const suite = join(folder, "suite.cjs");
  mkdirSync(workspace);
  copyFileSync(new URL("../../media/icon.png", import.meta.url), join(workspace, "picture.png"));
  unpack(unzip(vsixOf(ownTarget)), extension);
  await bundleSuite(suite);
  const places = [
    `--user-data-dir=${join(folder, "data")}`,
    `--extensions-dir=${join(folder, "extensions")}`,
  ];
  const failed = await runTests({
    vscodeExecutablePath,
    extensionDevelopmentPath: join(extension, "extension"),
    extensionTestsPath: suite,
    launchArgs: [workspace, ...places, "--disable-workspace-trust", "--disable-extensions"],
  }).then(
    () => null,
    (error: unknown) => error,
  );
  const outcomes = readOutcomes(workspace);
  // Failed tests are told one by one; without outcomes, it did not come to testing.
  if (outcomes === null && failed !== null) throw failed;
  return outcomes;
}

const folder = mkdtempSync(join(tmpdir(), "latent-lab-desktop-"));
try {
  const { tests, measured } = (await testOnDesktop(folder)) ?? { tests: [], measured: {} };
  for (const { title, problem } of tests)
    process.stdout.write(problem === null ? `✔ ${title}\n` : `✖ ${title}\n    ${problem}\n`);
  for (const [name, value] of Object.entries(measured))
    process.stdout.write(`${name}: ${value.toFixed(1)}\n`);
  const failed = tests.filter(({ problem }) => problem !== null).length;
  process.stdout.write(`\n${tests.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || tests.length === 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write("\n0 passed, 1 failed\n");
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
