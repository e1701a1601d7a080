/** Compiles the CPU engine's kernels: AssemblyScript to one WebAssembly module. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { generateTiles } from "./generate-tiles.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Writes `cpu-kernels.wasm` into `outputFolder`. */
export async function buildKernels(outputFolder) {
  await writeFile(join(here, "tiles.generated.ts"), generateTiles());
  const { error, stderr } = await asc.main([
    join(here, "kernels.ts"),
    "--outFile",
    join(outputFolder, "cpu-kernels.wasm"),
    ...["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--memoryBase", "1024"],
    ...["--enable", "simd", "--enable", "relaxed-simd", "--enable", "threads", "--enable", "bulk-memory"],
    ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  ]);
  if (error) throw new Error(`the CPU kernels do not compile:\n${stderr.toString()}`);
}
