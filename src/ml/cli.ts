#!/usr/bin/env node
/**
 * The program's entry. It only decides which Node runs the rest: the CPU engine is fastest on the Node that comes
 * with our packages, so an older one hands over to it. Kept to syntax and modules that old Nodes know, so that they
 * can say what is wrong; everything else is behind the import at the end.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** As package.json's "engines" says; the library that downloads needs it. */
const oldest = [20, 18, 1] as const;
/** The Node whose WebAssembly compiler the fast kernels need. */
const pinnedMajor = 24;

const [major = 0, minor = 0, patch = 0] = process.versions.node.split(".").map(Number);

function isTooOld(): boolean {
  if (major !== oldest[0]) return major < oldest[0];
  return minor < oldest[1] || (minor === oldest[1] && patch < oldest[2]);
}

function pinnedNode(): string | null {
  if (major >= pinnedMajor || process.env.LATENT_LAB_NODE === "current") return null;
  const windows = process.platform === "win32";
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const binary = join(dirname(manifest), "bin", windows ? "node.exe" : "node");
    return existsSync(binary) ? binary : null;
  } catch {
    // An optional package; without it this Node does, with slower kernels.
    return null;
  }
}

/**
 * Runs this same command on `node` and ends as it ends. Signals are passed on; a Ctrl-C in the terminal then reaches
 * the child twice, once from the terminal, which it takes for one (see cli/interruption.ts). On Windows the console
 * reaches the child by itself, and to pass a signal on would be to kill it: there this process only stays alive. The
 * channel lets the child notice when this process is killed outright, so that it does not train on unseen.
 */
function handOver(node: string): void {
  const child = spawn(node, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, LATENT_LAB_NODE: "current" },
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const;
  const passOn = (signal: NodeJS.Signals) => {
    if (process.platform !== "win32") child.kill(signal);
  };
  for (const signal of signals) process.on(signal, passOn);
  child.once("error", () => {
    // It cannot run here (another C library, say): this Node does.
    for (const signal of signals) process.off(signal, passOn);
    start();
  });
  child.once("exit", (code, signal) => {
    for (const name of signals) process.off(name, passOn);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
}

function start(): void {
  import("./cli/main.ts").then(
    ({ main }) => main(process.argv),
    (error: unknown) => {
      process.stderr.write(`error: the program cannot be loaded: ${error}\nhint: Install it again.\n`);
      process.exitCode = 1;
    },
  );
}

if (isTooOld()) {
  process.stderr.write(
    `error: Latent Lab needs Node ${oldest.join(".")} or later; this is ${process.versions.node}\n` +
      "hint: Install a newer Node from https://nodejs.org\n",
  );
  process.exitCode = 1;
} else {
  const node = pinnedNode();
  if (node === null) start();
  else handOver(node);
}
