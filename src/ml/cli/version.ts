/** The product's own version, as package.json has it. */
import { readFile } from "node:fs/promises";
import * as z from "zod/mini";
import { assetPath } from "../assets.ts";

const manifestSchema = z.object({ version: z.string() });

export async function productVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(assetPath("../package.json"), "utf8"));
  return manifestSchema.parse(manifest).version;
}
