/**
 * The workbench that the tests drive: code-server (VS Code's own workbench and extension host, served to a browser)
 * in the user's cache folder. This file installs it where it can be had, or says in a line why not. What is not here:
 * the browser (fixtures/chromium.ts), and starting it (workbench.ts).
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { findChromium, installChromium, noChromium } from "../fixtures/chromium.ts";
import { findProgram, installPackages, runToItsEnd, type Say } from "../fixtures/programs.ts";

/** VS Code 1.139. It wants Node 24, which the tests run on. */
const version = "4.139.1";

/** What is compiled here: the log, without which output channels stay empty, and what ends orphaned hosts. */
const nativeParts = ["@vscode/spdlog", "@vscode/native-watchdog"];

export interface Installation {
  /** code-server's main file. */
  readonly program: string;
  readonly chromium: string;
}

export interface Missing {
  readonly missing: string;
}

/** What is installed, without installing anything: milliseconds. */
export function findInstallation(): Installation | Missing {
  const told = process.env.LATENT_LAB_NO_WORKBENCH;
  if (told) return { missing: told };
  const program = join(installedAt(), "node_modules/code-server/out/node/entry.js");
  if (!existsSync(program))
    return { missing: `code-server ${version} is not installed; npm test installs it` };
  const browser = findChromium();
  return browser === undefined ? { missing: noChromium } : { program, chromium: browser };
}

/** Installs what is missing. */
export async function install(say: Say): Promise<Installation | Missing> {
  try {
    await installChromium(say);
    if (findChromium() === undefined) return { missing: noChromium };
    if (!existsSync(installedAt())) await installCodeServer(say);
    return findInstallation();
  } catch (error) {
    return { missing: (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "" };
  }
}

/** The folder is there if and only if everything in it is: it is moved there whole. */
function installedAt(): string {
  const xdg = process.env.XDG_CACHE_HOME ?? "";
  const cache = isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  const [major] = process.versions.node.split(".");
  return join(cache, "latent-lab", `workbench-${version}-node${major}-${process.arch}`);
}

async function installCodeServer(say: Say): Promise<void> {
  if (process.platform !== "linux") throw new Error("the workbench is only set up on Linux");
  if (Number(process.versions.node.split(".")[0]) !== 24) throw new Error("the workbench needs Node 24");
  const tools = { python3: "python3", make: "make", "g++": "g++" };
  const wanted = Object.entries(tools).filter(([program]) => findProgram(program) === undefined);
  await installPackages(
    wanted.map(([, name]) => name),
    say,
  );
  const place = installedAt();
  await mkdir(dirname(place), { recursive: true });
  const folder = await mkdtemp(`${place}-`);
  try {
    say(`Installing the workbench (code-server ${version}), about a minute …`);
    await writeFile(join(folder, "package.json"), '{ "private": true }\n');
    const npm = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    await runNpm([...npm, `code-server@${version}`], folder);
    const code = join(folder, "node_modules/code-server/lib/vscode");
    await runNpm(npm, code);
    await runNpm(npm, join(code, "extensions"));
    await runNpm(["rebuild", ...nativeParts, "--loglevel=error"], code);
    await symlink("node_modules", join(code, "node_modules.asar"));
    await rename(folder, place).catch((error: unknown) => {
      // Another run of the tests was quicker.
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Under the Node that will run code-server: native parts are compiled for it, with its own headers. */
async function runNpm(args: readonly string[], folder: string): Promise<void> {
  const bin = dirname(process.execPath);
  const headers = dirname(bin);
  const environment = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    JOBS: "max",
    ...(existsSync(join(headers, "include/node/node.h")) ? { npm_config_nodedir: headers } : {}),
  };
  // What npm tells its scripts about this project is not meant for the other.
  const own =
    /^(?:npm_(?:package|lifecycle|config_(?:local_prefix|global_prefix|prefix))|INIT_CWD$|NODE_OPTIONS$)/;
  const clean = Object.fromEntries(Object.entries(environment).filter(([name]) => !own.test(name)));
  const npm = process.env.npm_execpath ?? "";
  const [program, first] = npm.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const { code, output } = await runToItsEnd(program, [...first, ...args], folder, clean);
  const reason = output.split("\n").find((line) => /\berror\b/i.test(line)) ?? `exit code ${code}`;
  if (code !== 0) throw new Error(`npm ${args[0]} for the workbench failed: ${reason}`);
}
