/** Asks a Node what it can do, by running the command line tool's hidden command on it (src/contract/runtime.ts). */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { firstLine, lineOf } from "../../contract/failure.ts";
import { type RuntimeVerdict, runtimeVerdictSchema } from "../../contract/runtime.ts";
import type { Answer, Candidate } from "./choose-runtime.ts";

/** It answers in a tenth of a second; the first time a virus scanner may read all of it before. */
const patienceMilliseconds = 10_000;

/** An answer has three hundred characters. Whatever says more is no answer. */
const maximumLength = 2 ** 16;

/** `script` is the command line tool's. Never throws. */
export async function askRuntime(
  script: string,
  { path, environment }: Candidate,
  patience = patienceMilliseconds,
): Promise<Answer> {
  const canRun = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!canRun) return { kind: "unusable", reason: "cannot be run" };
  let child: ChildProcessByStdio<null, Readable, Readable>;
  try {
    child = spawn(path, [script, "runtime", "--json"], {
      cwd: dirname(script),
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
  } catch (error) {
    // Some reasons are thrown, and not told later: a program for another processor is one.
    return { kind: "unusable", reason: `cannot be started (${lineOf(error)})` };
  }
  return new Promise((resolve) => {
    let output = "";
    let errors = "";
    const end = (otherwise: Answer) => {
      clearTimeout(timer);
      // What it may have started itself could keep these open.
      child.stdout.destroy();
      child.stderr.destroy();
      const verdict = lastVerdict(output);
      resolve(verdict === null ? otherwise : { kind: "verdict", verdict });
    };
    const stop = (answer: Answer) => {
      child.kill("SIGKILL");
      end(answer);
    };
    const timer = setTimeout(() => {
      stop({ kind: "silent", reason: `did not answer within ${patience / 1000} s` });
    }, patience);
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
      if (output.length > maximumLength) stop({ kind: "unusable", reason: "answers without end" });
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      errors = (errors + piece).slice(-maximumLength);
    });
    child.once("error", (error) => {
      end({ kind: "unusable", reason: `cannot be started (${firstLine(error.message)})` });
    });
    child.once("close", (code, signal) => {
      const words = reasonIn(errors) || (code === null ? String(signal) : `exit code ${code}`);
      end({ kind: "unusable", reason: `ended at once: ${words}` });
    });
  });
}

function lastVerdict(output: string): RuntimeVerdict | null {
  for (const line of output.slice(0, maximumLength).trim().split("\n").reverse()) {
    const verdict = runtimeVerdictSchema.safeParse(jsonOf(line));
    if (verdict.success) return verdict.data;
  }
  return null;
}

/** What is said first is usually the reason. */
function reasonIn(errors: string): string {
  return firstLine(errors.trim())
    .replace(/^error: /, "")
    .slice(0, 300);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
