// The checks that run before the tests, and alone as `npm run check`; each counts as one test.
import { join, relative } from "node:path";
import { captureProgram, nodeForTypeScript, root } from "./set-up.mjs";

const bin = (path) => join(root, "node_modules", path);

/** Node, the browser, and tests that speak to both each see their own globals. */
const projects = [root, join(root, "webview-ui"), join(root, "test/panels")];

const checks = [
  ...projects.map((project) => ({
    name: `types (tsc -p ${relative(root, project) || "."})`,
    program: process.execPath,
    args: [bin("typescript/bin/tsc"), "-p", project],
  })),
  {
    name: "lint, format and import directions (biome)",
    program: process.execPath,
    args: [bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "--colors=off", root],
  },
  {
    name: "schemas/ match the validators",
    program: nodeForTypeScript(),
    args: ["--disable-warning=ExperimentalWarning", join(root, "scripts/write-schema.mjs"), "--check"],
  },
];

/** Runs all checks and says how each went; the counts and the names of those that failed. */
export async function runChecks() {
  const results = await Promise.all(
    checks.map(async ({ name, program, args }) => ({ name, ...(await captureProgram(program, args)) })),
  );
  for (const { name, code, output } of results) {
    process.stdout.write(`${code === 0 ? "✔" : "✖"} ${name}\n`);
    if (code !== 0) process.stdout.write(`${output.replaceAll(/^/gm, "    ")}\n`);
  }
  const failed = results.filter(({ code }) => code !== 0).map(({ name }) => name);
  return { passed: results.length - failed.length, failed };
}
