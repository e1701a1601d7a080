// What every task needs first: the packages that package-lock.json names, and a Node that runs TypeScript.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** A problem that needs no stack trace. */
export class TaskError extends Error {}

/** Set-up speaks on stderr: what a task prints on stdout is its result. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Installs what is missing or of another version; says so when there is anything to do. */
export async function install() {
  if (await isInstalled()) return;
  say("Installing packages (npm ci) …");
  const code = await runNpm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (code !== 0) {
    throw new TaskError("npm ci failed (see above). Check the network, or set HTTPS_PROXY, and try again.");
  }
}

/** Compares the lock file with what npm noted down after its last install. */
async function isInstalled() {
  const [wanted, present] = await Promise.all([
    readLock(join(root, "package-lock.json")),
    readLock(join(root, "node_modules/.package-lock.json")),
  ]);
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "") return true;
    const installed = present[path];
    return installed === undefined ? optional === true : installed.version === version;
  });
}

async function readLock(path) {
  try {
    return JSON.parse(await readFile(path, "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/** npm as it was started, or as it lies on PATH; what it prints goes to stderr. */
function runNpm(args) {
  const [program, first, shell] = npmProgram();
  return runProgram(program, [...first, ...args], { stdout: "stderr", shell });
}

/** Runs npm and keeps all that it prints. */
export function captureNpm(args) {
  const [program, first, shell] = npmProgram();
  return capture(program, [...first, ...args], "pipe", shell);
}

function npmProgram() {
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js") ? [process.execPath, [npm], false] : ["npm", [], process.platform === "win32"];
}

/** Runs a program in the repository's root with our terminal; its exit code. */
export function runProgram(program, args, { env = {}, stdout = "inherit", shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      shell,
      stdio: ["inherit", stdout === "stderr" ? 2 : "inherit", "inherit"],
    });
    // The terminal sends Ctrl-C to the child as well; it decides how to end, and we follow.
    const wait = () => {};
    process.on("SIGINT", wait);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", wait);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/** Runs a program and keeps all that it prints. */
export function captureProgram(program, args) {
  return capture(program, args, "pipe");
}

/** Runs a program that prints its result on stdout, which is kept, and speaks on our stderr meanwhile. */
export function captureResult(program, args) {
  return capture(program, args, "inherit");
}

function capture(program, args, stderr, shell = false) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, shell, stdio: ["ignore", "pipe", stderr] });
    const pieces = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.stderr?.on("data", (piece) => pieces.push(piece));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: Buffer.concat(pieces).toString().trimEnd() }));
  });
}

/** A Node that runs TypeScript as it is: the one that came with the packages, else this one. */
export function nodeForTypeScript() {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const packaged = join(
    root,
    "node_modules",
    name,
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major >= 24) return process.execPath;
  if (existsSync(packaged)) return packaged;
  if (major >= 23 || (major === 22 && minor >= 18)) return process.execPath;
  throw new TaskError(
    `Node ${process.versions.node} cannot run TypeScript, and the package ${name} is not there. Use Node 24.`,
  );
}
