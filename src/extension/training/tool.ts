/**
 * The command line tool as the extension uses it: a process for each question, whose answer is JSON. Whatever needs a
 * model is asked of it; the extension host itself never computes.
 */
import { spawn } from "node:child_process";
import type * as vscode from "vscode";
import * as z from "zod/mini";
import { endsWithStdin } from "../../contract/environment.ts";
import { Failure, failureCodes } from "../../contract/failure.ts";
import type { NodeRuntimes } from "./node-runtime.ts";
import { processEnvironment } from "./process-environment.ts";

/** An answer with pictures in it may be some megabytes; one far above is a mistake. */
const maximumAnswerLength = 2 ** 26;
const timeLimitMilliseconds = 120_000;
/** From being asked to end until it is ended: npm, which a command may have started, takes three seconds. */
const patienceMilliseconds = 10_000;
/** Of what it says on stderr, the end. */
const keptLength = 4000;

const errorLine = z.lazy(() =>
  z.object({
    event: z.literal("error"),
    code: z.enum(failureCodes),
    message: z.string(),
    hint: z.string(),
  }),
);

export interface Tool {
  /** Its main file. */
  readonly script: string;
  readonly runtimes: NodeRuntimes;
}

export interface Question {
  /** After the program's name, without `--json`. */
  readonly args: readonly string[];
  /** Where it is run. */
  readonly folder: string;
  readonly token?: vscode.CancellationToken;
  /** Hears of every line before the last, as a value; undefined for what is no JSON. */
  readonly onProgress?: (line: unknown) => void;
}

/** The last line that the command prints, as a value. Throws a Failure, interrupted among them. */
export async function askTool(
  { script, runtimes }: Tool,
  { args, folder, token, onProgress }: Question,
): Promise<unknown> {
  const node = await runtimes.find();
  const child = started(node.path, () =>
    spawn(node.path, [script, ...args, "--json"], {
      cwd: folder,
      env: { ...processEnvironment(node), [endsWithStdin]: "1" },
      stdio: "pipe",
      windowsHide: true,
      // What tells how far it is may take its time.
      ...(onProgress === undefined ? { timeout: timeLimitMilliseconds } : {}),
    }),
  );
  let force: NodeJS.Timeout | undefined;
  // A signal would end it on Windows without a chance to take away what it has begun.
  const cancelled = token?.onCancellationRequested(() => {
    child.stdin.end();
    force = setTimeout(() => child.kill("SIGKILL"), patienceMilliseconds);
  });
  child.stdin.on("error", () => {});
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said = (said + piece).slice(-keptLength);
  });
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (piece: string) => {
      text += piece;
      if (onProgress !== undefined) {
        const lines = text.split("\n");
        for (const line of lines.slice(0, -2)) onProgress(jsonOf(line));
        text = lines.slice(-2).join("\n");
      }
      if (text.length > maximumAnswerLength) child.kill();
    });
    child.on("error", (error) => {
      void runtimes.forget(node);
      reject(unstartable(node.path, error));
    });
    child.on("close", (status) => resolve({ code: status, output: text }));
  }).finally(() => {
    clearTimeout(force);
    cancelled?.dispose();
  });
  if (token?.isCancellationRequested)
    throw new Failure("interrupted", `latent-lab ${args[0]} was cancelled`, "");
  const answer = jsonOf(output.trimEnd().split("\n").at(-1) ?? "");
  const error = errorLine.safeParse(answer);
  if (error.success) throw new Failure(error.data.code, error.data.message, error.data.hint);
  if (code === 0 && answer !== undefined) return answer;
  void runtimes.forget(node);
  throw new Failure(
    "internal",
    `latent-lab ${args[0]} ended with ${code ?? "a signal"} and no answer${lastLineOf(said)}`,
    "Try again.",
  );
}

/** Some reasons why a program cannot be started are thrown, and not told later. Throws a Failure (engine-failed). */
export function started<Child>(path: string, start: () => Child): Child {
  try {
    return start();
  } catch (error) {
    throw unstartable(path, error instanceof Error ? error : new Error(String(error)));
  }
}

/** The process could not even be started. */
export function unstartable(path: string, error: Error): Failure {
  return new Failure(
    "engine-failed",
    `${path} cannot be started (${error.message})`,
    "Name a Node 24 in the setting latentLab.node, or leave it empty.",
    { cause: error },
  );
}

function lastLineOf(said: string): string {
  const last = said.trim().split("\n").at(-1) ?? "";
  return last === "" ? "" : `: ${last.slice(0, 300)}`;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
