/** Windows' own programs, by their full path: by its name alone, one in the current folder would be taken before it. */
import { join } from "node:path";

export function windowsProgram(name: string): string {
  return join(process.env.SystemRoot ?? "C:\\Windows", "System32", name);
}
