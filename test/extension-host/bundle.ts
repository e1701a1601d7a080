/** Makes one file of the tests, as the extension host loads it: CommonJS, with `vscode` left to the host. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export async function bundleSuite(file: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("suite.ts", import.meta.url))],
    outfile: file,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["vscode"],
    logLevel: "warning",
  });
}
