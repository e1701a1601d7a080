/** What can be known of a process by its number. */
import { readFileSync } from "node:fs";

/** Whether a process of this number is at work. That it is the one that was meant, the number alone does not say. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // Somebody else's process of this number: it is there, but not ours.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** One that has ended, and whose parent has not looked: in a container, perhaps never. */
function isZombie(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // After the command in parentheses, which may hold anything.
    return stat.charAt(stat.lastIndexOf(")") + 2) === "Z";
  } catch {
    return false;
  }
}
