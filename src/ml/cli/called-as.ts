/**
 * How the user calls this program, so that commands in hints can be copied. Everywhere else they are written with the
 * program's name alone, and so they stay in JSON, in run.json and for editors: only the terminal knows the call.
 */
import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shellWord } from "../shell-word.ts";
import { shortPath } from "./words.ts";

const program = "latent-lab";

/** "npx latent-lab", "latent-lab", or "node" and the path of the main file, `argv[1]`. */
export function calledAs(argv: readonly string[], environment: NodeJS.ProcessEnv): string {
  const main = argv[1] ?? program;
  const isNamed = isOnPath(main, environment);
  if (isBelowNpm(environment, isNamed)) return `npx ${program}`;
  return isNamed ? program : `node ${shellWord(shortPath(main))}`;
}

/**
 * Whether it was started by npx, by npm start in its own repository, or by the script of a project that has it as a
 * dependency, whose PATH is npm's. Below other scripts npx would look for it in the registry.
 */
function isBelowNpm(environment: NodeJS.ProcessEnv, isNamed: boolean): boolean {
  const { npm_command, npm_lifecycle_event = "", npm_package_name } = environment;
  if (npm_command === "exec") return true;
  return npm_lifecycle_event !== "" && (npm_package_name === program || isNamed);
}

/** Whether the program's name alone starts this main file. Windows has a script of that name there, and no link. */
function isOnPath(main: string, environment: NodeJS.ProcessEnv): boolean {
  const folders = (environment.PATH ?? environment.Path ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "");
  const windows = process.platform === "win32";
  const found = folders.map((folder) => join(folder, windows ? `${program}.cmd` : program)).find(existsSync);
  if (found === undefined) return false;
  return windows || realPath(found) === realPath(main);
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** A command of this program as hints name it: its name where a word begins, and a word after it. */
const command = /(?<![\w./\\'"-])latent-lab(?= (?:--)?[a-z])/g;

/** `words` with the commands in them as the user calls them. */
export function withCall(words: string, call: string): string {
  return words.replace(command, () => call);
}
