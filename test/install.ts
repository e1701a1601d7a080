/**
 * `npm test` runs this before tests that need more than packages: with "chromium" or "workbench" as its argument.
 * Stdout holds nothing, or why it could not be had.
 */
import { findChromium, installChromium, noChromium } from "./fixtures/chromium.ts";
import { install } from "./workbench/installation.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

async function missing(what: string | undefined): Promise<string> {
  if (what === "workbench") {
    const installed = await install(say);
    return "missing" in installed ? installed.missing : "";
  }
  await installChromium(say);
  return findChromium() === undefined ? noChromium : "";
}

process.stdout.write(await missing(process.argv[2]));
