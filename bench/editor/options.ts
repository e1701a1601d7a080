/** The command line of the benchmark in the editor. */
import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "../options.ts";

export interface EditorBenchOptions {
  readonly command: "run" | "help";
  /** Of the dashboard. */
  readonly openings: number;
  /** Of the window, in each of which the extension is activated once. */
  readonly reloads: number;
  /** For which frames are counted. */
  readonly seconds: number;
}

export const editorHelp = `Usage: npm run bench -- editor [options]

Measures the packaged extension in a real workbench (the tests' own: code-server in Chromium, Linux only): how long
it takes to be activated, how long a dashboard with 100,000 recorded steps takes from the click until it is drawn, how
many frames a second it shows while a training goes on, and for how long the extension host is kept busy at a time.
Prints a table and writes every number to bench/results/<date>.json. About three minutes.

  --openings N   openings of the dashboard (default 11)
  --reloads N    reloads of the window (default 5)
  --seconds N    frames are counted for so long (default 10)
  --help         this text
`;

/** Throws a UsageError. */
export function parseEditorOptions(argv: readonly string[]): EditorBenchOptions {
  const values = parse(argv);
  return {
    command: values.help ? "help" : "run",
    openings: wholeNumber("--openings", values.openings ?? "11", 1, 1000),
    reloads: wholeNumber("--reloads", values.reloads ?? "5", 1, 1000),
    seconds: wholeNumber("--seconds", values.seconds ?? "10", 1, 1000),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        openings: { type: "string" },
        reloads: { type: "string" },
        seconds: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
