// The tasks behind `npm start`, `npm test` and the rest. Each does its own set-up, so that a fresh clone needs one
// command. Plain JavaScript without packages: it runs before there are any.
import { join } from "node:path";
import { build } from "./build.mjs";
import { install, nodeForTypeScript, root, runProgram, say, TaskError } from "./set-up.mjs";

const tasks = {
  /** Trains the variational autoencoder of the exercise; more arguments go to `latent-lab train`. */
  async start(args) {
    await build();
    const chosen = /^(?:--preset\b|-p|--resume\b|.*\.json$)/;
    const names = args.some((arg) => chosen.test(arg));
    const model = names ? [] : ["--preset", "mnist-vae"];
    return runProgram(process.execPath, [join(root, "dist/latent-lab.js"), "train", ...model, ...args]);
  },
  async build() {
    await build();
    return 0;
  },
  /** Makes the universal .vsix, or with --target a platform's, or all of them; their paths are the result. */
  async package(args) {
    const { packageExtension, targetsOf } = await import("./package.mjs");
    const wanted = targetsOf(args);
    await build();
    for (const target of wanted) process.stdout.write(`${await packageExtension(target)}\n`);
    return 0;
  },
  async check() {
    const { runChecks } = await import("./checks.mjs");
    const { failed } = await runChecks();
    return failed.length === 0 ? 0 : 1;
  },
  async test(args) {
    await build();
    const { test } = await import("./test.mjs");
    return test(args);
  },
  /** The tests inside the extension host, in a VS Code on the desktop. */
  async "test:desktop"() {
    await build();
    const { packageForTests } = await import("./package.mjs");
    await packageForTests();
    const script = join(root, "test/extension-host/desktop.ts");
    return runProgram(nodeForTypeScript(), ["--disable-warning=ExperimentalWarning", script]);
  },
  /** Writes schemas/ anew from the validators. */
  async schema() {
    return runProgram(nodeForTypeScript(), [join(root, "scripts/write-schema.mjs")]);
  },
  /**
   * On the processor; after the word `gpu` on the GPU, or with --pack an archive for a machine that has one; after the
   * word `editor` in a workbench.
   */
  async bench(args) {
    const [first, ...rest] = args;
    await build();
    if (first === "gpu" && rest.includes("--pack")) {
      const { packBench } = await import("./pack-bench.mjs");
      process.stdout.write(`${await packBench(rest)}\n`);
      return 0;
    }
    if (first === "editor") {
      const { packageExtension, universal } = await import("./package.mjs");
      await packageExtension(universal);
    }
    const isOther = first === "gpu" || first === "editor";
    const script = join(root, "bench", isOther ? `${first}.ts` : "run.ts");
    const options = isOther ? rest : args;
    return runProgram(nodeForTypeScript(), ["--disable-warning=ExperimentalWarning", script, ...options]);
  },
};

/** Whoever reads only the last line of `npm test` is told, too, when it did not come to testing. */
const untested = "\n0 passed, 1 failed";

async function main([name = "", ...args]) {
  if (!Object.hasOwn(tasks, name)) throw new TaskError(`usage: run.mjs ${Object.keys(tasks).join(" | ")}`);
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
    throw new TaskError(`Latent Lab needs Node 20.18.1 or later; this is ${process.versions.node}.`);
  }
  await install();
  return tasks[name](args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof TaskError ? `error: ${error.message}` : error.stack);
  if (/^test\b/.test(process.argv[2] ?? "")) process.stdout.write(`${untested}\n`);
  process.exitCode = 1;
}
