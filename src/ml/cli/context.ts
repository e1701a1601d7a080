/** What every command gets from the process it runs in. */
import type { Terminal } from "./terminal.ts";

export interface Context {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
}
