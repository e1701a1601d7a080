/** How the program ends, for scripts that ask. */
import type { FailureCode } from "../../contract/failure.ts";

export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

export function exitCodeOf(code: FailureCode): number {
  if (code === "usage") return exitCodes.usage;
  return code === "interrupted" ? exitCodes.interrupted : exitCodes.failure;
}
