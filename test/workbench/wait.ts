/** Waiting for what a workbench does in its own time. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until `ask` gives something other than undefined, false, null, "" or an empty list, and
 * returns that. What never comes is named in the error, with what was there instead.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  seconds = 30,
): Promise<Exclude<T, undefined | null | false | "">> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < end) {
    const answer = await ask();
    if (isSomething(answer)) return answer;
    last = answer;
    await sleep(100);
  }
  throw new Error(`${what} did not come within ${seconds} s; last: ${JSON.stringify(last)}`);
}

function isSomething<T>(answer: T): answer is Exclude<T, undefined | null | false | ""> {
  if (Array.isArray(answer)) return answer.length > 0;
  return answer !== undefined && answer !== null && answer !== false && answer !== "";
}
