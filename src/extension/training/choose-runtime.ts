/**
 * Which Node runs the training process, of those there may be. On the desktop the extension itself runs in Electron,
 * which cannot read what a GPU computes, so a Node of its own comes first; each is asked what it can do before it is
 * taken. What is asked and remembered how: node-runtime.ts.
 */
import { existsSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { Failure } from "../../contract/failure.ts";
import type { RuntimeVerdict } from "../../contract/runtime.ts";

/** The engines were made for this Node; older ones do where there is no other. */
const wantedMajor = 24;

const originWords = {
  setting: "the setting latentLab.node",
  package: "it came with the extension",
  host: "the extension runs on it",
  path: "on the PATH",
  editor: "the editor's own runtime",
} as const;

export interface Candidate {
  readonly origin: keyof typeof originWords;
  readonly path: string;
  /** What a process needs besides its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a candidate said; `silent` when it said nothing in time, `unusable` when it could not even be asked. */
export type Answer =
  | { readonly kind: "verdict"; readonly verdict: RuntimeVerdict }
  | { readonly kind: "silent" | "unusable"; readonly reason: string };

export interface Log {
  info(line: string): void;
  warn(line: string): void;
}

export interface Surroundings {
  /** What latentLab.node says; empty where it says nothing. */
  readonly setting: string;
  /** The command line tool's script. */
  readonly script: string;
  /** What the extension host runs on, and Electron's version where that is Electron. */
  readonly execPath: string;
  readonly electron: string | undefined;
  readonly searchPath: string;
  readonly platform: NodeJS.Platform;
}

/** In the order in which they are asked. The last one is taken unasked. */
export function candidatesOf(surroundings: Surroundings): readonly Candidate[] {
  const { setting, script, execPath, electron, searchPath, platform } = surroundings;
  const plain = (origin: Candidate["origin"], path: string) => ({ origin, path, environment: {} });
  if (setting !== "") return [plain("setting", setting)];
  const name = platform === "win32" ? "node.exe" : "node";
  const folders = new Set(searchPath.split(delimiter).filter(isAbsolute));
  const environment = electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" };
  return [
    ...[join(dirname(script), "node", name)].filter(existsSync).map((path) => plain("package", path)),
    ...(electron === undefined ? [plain("host", execPath)] : []),
    ...[...folders]
      .map((folder) => join(folder, name))
      .filter(existsSync)
      .map((path) => plain("path", path)),
    { origin: "editor", path: execPath, environment },
  ];
}

/** Whether the package around the script has the library for GPUs: one for every platform has not. */
export function hasGpuLibrary(script: string): boolean {
  return existsSync(join(dirname(script), "node_modules", "webgpu"));
}

/** Nothing better need be looked for. */
export function isBest(verdict: RuntimeVerdict, withGpu: boolean): boolean {
  return withGpu ? verdict.readback : majorOf(verdict) >= wantedMajor;
}

/** Throws a Failure (usage) where the setting names what cannot be run. */
export async function chooseRuntime(
  candidates: readonly Candidate[],
  withGpu: boolean,
  ask: (candidate: Candidate) => Promise<Answer>,
  log: Log,
): Promise<Candidate> {
  const [last] = candidates.slice(-1);
  if (last === undefined) throw new Failure("internal", "there is no Node at all", "Install Node 24.");
  if (last.origin === "setting") return asTheUserSays(last, withGpu, await ask(last), log);
  const others: { candidate: Candidate; verdict: RuntimeVerdict }[] = [];
  for (const candidate of candidates.slice(0, -1)) {
    const answer = await ask(candidate);
    const problem = problemOf(candidate, answer, withGpu);
    if (answer.kind === "verdict" && problem === null) {
      log.info(inUse(candidate, answer.verdict));
      return candidate;
    }
    log.info(`node: ${candidate.path} is passed over: ${problem}`);
    const isOld = candidate.origin === "path" && answer.kind === "verdict" && isTooOld(answer.verdict);
    if (answer.kind === "verdict" && !isOld) others.push({ candidate, verdict: answer.verdict });
  }
  const second = others.find(({ verdict }) => !isTooOld(verdict)) ?? others[0];
  if (second === undefined) {
    log.info(`node: ${last.path} (${originWords[last.origin]}): CPU only`);
    return last;
  }
  log.info(inUse(second.candidate, second.verdict));
  return second.candidate;
}

function asTheUserSays(candidate: Candidate, withGpu: boolean, answer: Answer, log: Log): Candidate {
  if (answer.kind === "unusable")
    throw new Failure(
      "usage",
      `the setting latentLab.node names ${candidate.path}, which ${answer.reason}`,
      "Correct the setting, or leave it empty.",
    );
  if (answer.kind === "verdict") log.info(inUse(candidate, answer.verdict));
  const problem = problemOf(candidate, answer, withGpu);
  if (problem !== null) log.warn(`node: ${candidate.path} is used as latentLab.node says, but ${problem}`);
  return candidate;
}

/** Why a candidate is not the best there could be, or null. */
function problemOf(candidate: Candidate, answer: Answer, withGpu: boolean): string | null {
  if (answer.kind !== "verdict") return `it ${answer.reason}`;
  const { verdict } = answer;
  if (isBest(verdict, withGpu) && !(candidate.origin === "path" && isTooOld(verdict))) return null;
  if (isTooOld(verdict) && (candidate.origin === "path" || !withGpu))
    return `it is Node ${verdict.node}, older than ${wantedMajor}`;
  return `the GPU engine is not available with it: ${verdict.reason ?? "its results cannot be read"}`;
}

function inUse({ origin, path }: Candidate, { node, readback }: RuntimeVerdict): string {
  const abilities = readback ? "CPU, and GPU where there is one" : "CPU only";
  return `node: ${path} (${node}, ${originWords[origin]}): ${abilities}`;
}

function isTooOld(verdict: RuntimeVerdict): boolean {
  return majorOf(verdict) < wantedMajor;
}

function majorOf({ node }: RuntimeVerdict): number {
  return Number.parseInt(node, 10);
}
