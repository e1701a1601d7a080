/**
 * TensorFlow.js's gradients in Node. The package tfjs-core leaves them out of what Node loads and offers them only
 * as modules for bundlers, so they are bundled here and loaded; they register themselves in the table that all
 * copies of tfjs-core in a process share.
 */
import { build } from "esbuild";

export async function registerGradients(): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import "@tensorflow/tfjs-core/dist/register_all_gradients.js";',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: "esm",
    mainFields: ["module"],
    logLevel: "error",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild returned no bundle");
  await import(`data:text/javascript;base64,${Buffer.from(bundle.contents).toString("base64")}`);
}
