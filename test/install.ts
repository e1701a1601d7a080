/**
 * `npm test` runs this before tests that need more than packages: with "chromium", "vulkan" or "workbench" as its
 * arguments. Stdout holds nothing, or why something could not be had.
 */
import { findChromium, installChromium, noChromium } from "./fixtures/chromium.ts";
import { hasVulkanLoader, installVulkanLoader, noVulkanLoader } from "./fixtures/vulkan.ts";
import { install } from "./workbench/installation.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

async function missing(what: string): Promise<string> {
  if (what === "workbench") {
    const installed = await install(say);
    return "missing" in installed ? installed.missing : "";
  }
  if (what === "vulkan") {
    await installVulkanLoader(say);
    return hasVulkanLoader() ? "" : noVulkanLoader;
  }
  await installChromium(say);
  return findChromium() === undefined ? noChromium : "";
}

for (const what of process.argv.slice(2)) process.stdout.write(await missing(what));
