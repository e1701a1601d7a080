/** The peer's side of ../peer.ts for peers written in TypeScript: says what it is, then answers until input ends. */
import { createInterface } from "node:readline";

function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export async function serve(
  description: string,
  answer: (request: unknown) => Promise<unknown>,
): Promise<void> {
  send({ kind: "ready", description });
  for await (const line of createInterface({ input: process.stdin })) send(await answer(JSON.parse(line)));
}

export function declareUnavailable(reason: string): void {
  send({ kind: "unavailable", reason });
}
