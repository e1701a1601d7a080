// Runs the tests under the pinned Node and prints, as its last line, "N passed, N failed".
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./checks.mjs";
import { packageForTests } from "./package.mjs";
import { captureResult, nodeForTypeScript, root, runProgram, TaskError } from "./set-up.mjs";

/** A test that takes longer than this hangs. */
const timeLimitMilliseconds = 15 * 60_000;

/**
 * All tests but the workbench's scenarios at length, which take minutes of their own (npm run test:workbench); or, where
 * `args` name files, folders or parts of their names, the tests in those alone. What begins with a dash goes to
 * node --test: --test-name-pattern=resume. Returns the exit code.
 */
export async function test(args) {
  const options = args.filter((arg) => arg.startsWith("-"));
  const wanted = args.filter((arg) => !arg.startsWith("-"));
  const all = await testFiles();
  const files = all.filter((file) =>
    wanted.length === 0 ? !file.includes("/at-length/") : wanted.some((part) => file.includes(part)),
  );
  if (files.length === 0) throw new TaskError(`no test file has ${wanted.join(" or ")} in its path`);
  // Engines and their runs are tried on the GPU in software that Chromium brings along.
  const needsGpu = files.some((file) => /^test\/(?:engine|train)\//.test(file));
  const needsChromium = needsGpu || files.some((file) => /^test\/(?:panels|workbench)\//.test(file));
  const installed = prepare(...(needsChromium ? ["chromium"] : []), ...(needsGpu ? ["vulkan"] : []));
  const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: [] };
  await installed;
  const tests = await runInTurns(files, options);
  const passed = checks.passed + tests.passed;
  const failed = checks.failed.length + tests.failed;
  if (checks.failed.length > 0) process.stdout.write(`\nFailed checks: ${checks.failed.join("; ")}\n`);
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped}\n`);
  return failed === 0 ? 0 : 1;
}

/**
 * Two files at a time; those of the packages and the workbench last, for it is installed, and what they need is
 * packaged, while the others run.
 */
async function runInTurns(files, options) {
  const ofPackages = files.filter((file) => /^test\/(?:package|workbench)\//.test(file));
  const others = files.filter((file) => !ofPackages.includes(file));
  const packages = ofPackages.length > 0 ? packageForTests() : null;
  // It is thrown below, when the others have run.
  packages?.catch(() => {});
  const workbench = ofPackages.some((file) => file.includes("/workbench/")) ? prepare("workbench") : null;
  const first = await runTests(others, options, {});
  await packages;
  const missing = await workbench;
  const second = await runTests(ofPackages, options, missing ? { LATENT_LAB_NO_WORKBENCH: missing } : {});
  return {
    passed: first.passed + second.passed,
    failed: first.failed + second.failed,
    skipped: first.skipped + second.skipped,
  };
}

/** Installs "chromium", "vulkan" or "workbench" where they can be had; resolves to why not, or to "". */
async function prepare(...what) {
  if (what.length === 0) return "";
  const script = join(root, "test/install.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, ...what];
  const failed = `the ${what.join(" and ")} could not be installed (see above)`;
  return captureResult(nodeForTypeScript(), args).then(
    ({ code, output }) => (code === 0 ? output : failed),
    () => failed,
  );
}

async function runTests(files, options, env) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-tests-"));
  const countsFile = join(folder, "counts.json");
  try {
    const code = await runProgram(
      nodeForTypeScript(),
      [
        "--disable-warning=ExperimentalWarning",
        "--test",
        "--test-concurrency=2",
        `--test-timeout=${timeLimitMilliseconds}`,
        "--test-reporter=./scripts/test-reporter.mjs",
        "--test-reporter-destination=stdout",
        ...options,
        ...files,
      ],
      // Tests of the hop to the pinned Node need the one that npm was started with.
      { env: { ...env, LATENT_LAB_TEST_COUNTS: countsFile, LATENT_LAB_TEST_NODE: process.execPath } },
    );
    const counts = existsSync(countsFile) ? JSON.parse(await readFile(countsFile, "utf8")) : null;
    if (counts === null) return { passed: 0, failed: 1, skipped: 0 };
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function testFiles() {
  const names = await readdir(join(root, "test"), { recursive: true });
  return names
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name.replaceAll("\\", "/")}`)
    .sort();
}
