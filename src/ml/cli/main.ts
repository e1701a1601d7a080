/**
 * Runs one command and ends the process: the only place that decides how. Commands return when they are done and
 * throw when they fail.
 */
import { Socket } from "node:net";
import { type Command, CommanderError } from "commander";
import { endsWithStdin } from "../../contract/environment.ts";
import { Failure } from "../../contract/failure.ts";
import { calledAs } from "./called-as.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import { reportFailure } from "./report-failure.ts";
import { openTerminal } from "./terminal.ts";

export async function main(argv: readonly string[]): Promise<void> {
  const environment = process.env;
  const terminal = openTerminal(environment);
  const context: Context = { terminal, environment, call: calledAs(argv, environment) };
  const fail = (error: unknown) => reportFailure(error, context, formatAskedFor(argv));
  // `latent-lab runs | head -1` is no failure. Training ends otherwise (see train-command.ts).
  terminal.out.whenReaderGone(() => process.exit(exitCodes.success));
  process.on("uncaughtException", (error) => process.exit(fail(error)));
  endWithParent();
  if (environment[endsWithStdin] === "1") endWithStdin();
  const exitCode = await run(argv, context, fail);
  await Promise.all([terminal.out.flushed(), terminal.err.flushed()]);
  // Not left to happen by itself: a connection kept open by the network library would delay it.
  process.exit(exitCode);
}

async function run(
  argv: readonly string[],
  context: Context,
  fail: (error: unknown) => number,
): Promise<number> {
  try {
    const program = await createProgram(context);
    try {
      await program.parseAsync([...argv]);
      return exitCodes.success;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      // Help and version were asked for, and have been printed.
      if (error.exitCode === 0) return exitCodes.success;
      if (error.code === "commander.help") return exitCodes.usage;
      throw usageFailure(error, commandIn(argv, program));
    }
  } catch (error) {
    return fail(error);
  }
}

/** The Node that handed over to this one (see ../cli.ts) was killed: whoever did that meant this process. */
function endWithParent(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.once("disconnect", () => process.exit(exitCodes.interrupted));
  process.channel.unref();
}

/**
 * Who asks a question may think better of it, or be gone: then the pipe to this process ends. It is as if Ctrl-C had been
 * pressed, and unlike a signal it reaches a process on Windows, too, while that can still tidy up.
 */
function endWithStdin(): void {
  process.stdin.once("close", () => {
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit(exitCodes.interrupted);
  });
  process.stdin.on("error", () => {});
  process.stdin.resume();
  // Nobody shall wait for it.
  if (process.stdin instanceof Socket) process.stdin.unref();
}

/** Looked for by hand, so that an error in the arguments themselves is told in the format they ask for. */
function formatAskedFor(argv: readonly string[]): "text" | "json" {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json") ? "json" : "text";
}

/** commander words it "error: unknown option '--epoch'\n(Did you mean --epochs?)". */
function usageFailure(error: CommanderError, command: string): Failure {
  const [first = "", ...more] = error.message.split("\n");
  const suggestion = more.join(" ").replace(/^\((.*)\)$/, "$1");
  return new Failure(
    "usage",
    first.replace(/^error: /, ""),
    suggestion || `Its usage: latent-lab ${command}--help`,
  );
}

/** The command that is meant, as far as there is one: "datasets get ". */
function commandIn(argv: readonly string[], program: Command): string {
  let command = program;
  let words = "";
  for (const word of argv.slice(2).filter((argument) => !argument.startsWith("-"))) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    command = next;
    words += `${word} `;
  }
  return words;
}
