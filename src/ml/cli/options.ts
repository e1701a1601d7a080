/** Options that several commands share, and the reading of their values. */
import { type Command, InvalidArgumentError, Option } from "commander";

/** For commander: a whole number from `low` to `high`. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

/** For commander: a name or a path. Of a script's unset variable nothing is left, which must not mean "here". */
export function named(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

/** For commander: an option that may be given several times. */
export function collected(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

export function jsonOption(what: string): Option {
  return new Option("--json", `print ${what}; errors too`);
}

export function dataOption(): Option {
  return new Option(
    "--data <dir>",
    "folder with MNIST's four files, or whose mnist subfolder has them",
  ).argParser(named);
}

export function threadsOption(): Option {
  return new Option("--threads <n>", "worker threads (default: one per processor)").argParser(
    wholeNumber(1, 1024),
  );
}

export function engineOption(): Option {
  return new Option(
    "--engine <name>",
    "what computes: auto (the fastest here), webgpu, cpu or tensorflow",
  ).default("auto");
}

export function outputOption(what: string): Option {
  return new Option("-o, --output <file>", what).argParser(named).makeOptionMandatory();
}

export interface EngineChoice {
  readonly engine: string;
  readonly threads?: number;
}

/** The two options about what computes. */
export function withEngineOptions(command: Command): Command {
  return command.addOption(engineOption()).addOption(threadsOption());
}
