/**
 * Packages of TensorFlow as a user's machine may have them: pure JavaScript ones that work, made of the parts that
 * this project tests with, and broken ones.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Writes a package that does `code` when it is loaded, below `folder`, and returns the package's own folder. */
export function writePackage(folder: string, name: string, code: string): string {
  const own = join(folder, "node_modules", name);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "package.json"), JSON.stringify({ name, version: "4.22.0", main: "index.js" }));
  writeFileSync(join(own, "index.js"), code);
  return own;
}

/**
 * tfjs-core with its gradients and its JavaScript backend as one CommonJS file, in place of the package
 * `@tensorflow/tfjs`, which is the same and eighty times as large.
 */
export async function pureJavaScriptTensorflow(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import "@tensorflow/tfjs-backend-cpu";
        import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
        export * from "@tensorflow/tfjs-core";`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    mainFields: ["module", "main"],
    logLevel: "error",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild returned no bundle");
  return bundle.text;
}
