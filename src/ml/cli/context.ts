/** What every command gets from the process it runs in. */
import type { Terminal } from "./terminal.ts";

export interface Context {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** How the user calls this program (see called-as.ts). */
  readonly call: string;
}
