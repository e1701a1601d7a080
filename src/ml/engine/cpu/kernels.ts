/**
 * Loading the CPU engine's WebAssembly kernels, and the self-test that decides how to use them: whether this
 * machine computes the right thing, and whether sixteen columns at once (256-bit registers) beat eight (128-bit).
 */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import v8 from "node:v8";
import { Failure } from "../../../contract/failure.ts";
import { assetPath } from "../../assets.ts";

export interface KernelExports {
  run(control: number, thread: number, threads: number, steps: number): void;
  fmaPeak(at: number, rounds: number): void;
  narrowFmaPeak(at: number, rounds: number): void;
  productSpeed(
    wide: boolean,
    height: number,
    a: number,
    aPanel: number,
    b: number,
    inner: number,
    out: number,
    repeats: number,
  ): void;
}

export interface Kernels {
  readonly module: WebAssembly.Module;
  /** Sixteen columns at once; see assembly/generate-tiles.mjs. */
  readonly wide: boolean;
}

/** The compiled kernels and the variant that is fastest here, found out once. Throws a Failure (engine-unavailable). */
export const loadKernels = once(compile);

export function defaultThreads(): number {
  return availableParallelism();
}

async function compile(): Promise<Kernels> {
  const path = assetPath("cpu-kernels.wasm");
  try {
    const module = compileFast(await readFile(path));
    return { module, wide: probeWidth(module) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      "engine-unavailable",
      `the CPU engine's kernels do not run here (${error instanceof Error ? error.message : String(error)})`,
      "Use Node 20 or later on a processor with SIMD; in a checkout, build first: npm run build.",
      { cause: error },
    );
  }
}

/**
 * Compiles with switches that are set back at once: the module and its worker threads keep the code, while other
 * WebAssembly would take seconds to start with them, and the revectorizer stumbles over some of it.
 */
function compileFast(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const flags = compilerFlags();
  for (const flag of flags) v8.setFlagsFromString(flag);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of flags) v8.setFlagsFromString(opposite(flag));
  }
}

function opposite(flag: string): string {
  return flag.startsWith("--no-") ? flag.replace("--no-", "--") : flag.replace("--", "--no-");
}

/** What the switches depend on. */
export interface Runtime {
  readonly versions: { readonly node: string };
  readonly arch: string;
  readonly platform: string;
}

const revectorize = "--experimental-wasm-revectorize";

/**
 * V8's switches for the kernels, none of them the default:
 * the optimising compiler at once (the quick one cannot revectorize, and a training is all hot loop);
 * on Node 20 relaxed SIMD, which later ones have on; where V8 has it, the revectorizer;
 * from Node 25 on no inlining, over which V8 stumbles in code that the quick compiler has never seen ("Check failed:
 * function_feedback", Node 26.7 and 26.10). AssemblyScript has inlined what matters.
 */
export function compilerFlags({ versions, arch, platform }: Runtime = process): readonly string[] {
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  const canRevectorize =
    (major > 23 || (major === 23 && minor >= 5)) && arch === "x64" && platform !== "darwin";
  return [
    "--no-liftoff",
    "--no-wasm-lazy-compilation",
    ...(major < 22 ? ["--experimental-wasm-relaxed-simd"] : []),
    ...(canRevectorize ? [revectorize] : []),
    ...(major >= 25 ? ["--no-wasm-inlining"] : []),
  ];
}

/** Of the registers at work. Without the revectorizer sixteen columns at once may win too, by 128 bits each. */
export function registerBits({ wide }: Pick<Kernels, "wide">, flags = compilerFlags()): 128 | 256 {
  return wide && flags.includes(revectorize) ? 256 : 128;
}

const probeInner = 256;
const probeHeight = 6;
const probeRepeats = 150;

/** Runs both widths on one product: they must agree with each other and with plain arithmetic, and the faster wins. */
function probeWidth(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const kernels = instantiate(module, memory);
  const floats = new Float32Array(memory.buffer);
  const a = 65_536;
  const b = a + probeInner * 64;
  const out = b + probeInner * 64;
  const aPanel = probeHeight * 64;
  // Small whole numbers: every sum is exact, so any right order of additions gives the same bits.
  for (let index = 0; index < probeInner * 16; index++) {
    floats[a / 4 + index] = ((index * 7) % 11) - 5;
    floats[b / 4 + index] = ((index * 5) % 13) - 6;
  }
  const run = (wide: boolean, repeats: number): number => {
    const start = performance.now();
    kernels.productSpeed(wide, probeHeight, a, aPanel, b, probeInner, out, repeats);
    return performance.now() - start;
  };
  for (const wide of [false, true]) {
    floats.fill(0, out / 4, out / 4 + probeHeight * 16);
    run(wide, 1);
    for (let row = 0; row < probeHeight; row++)
      for (let column = 0; column < 16; column++)
        if (floats[out / 4 + row * 16 + column] !== plainProduct(floats, a / 4, b / 4, row, column))
          throw new Failure(
            "engine-unavailable",
            `the CPU engine's self-test failed: the ${wide ? "256" : "128"}-bit product is wrong on this machine`,
            "Try another version of Node; please report this with the output of: latent-lab engines --json",
          );
  }
  const best = (wide: boolean): number => Math.min(...[1, 2, 3].map(() => run(wide, probeRepeats)));
  return best(true) < best(false);
}

function plainProduct(floats: Float32Array, a: number, b: number, row: number, column: number): number {
  let sum = 0;
  for (let inner = 0; inner < probeInner; inner++) {
    const left = floats[a + (Math.floor(inner / 16) * probeHeight + row) * 16 + (inner % 16)] ?? 0;
    const right = floats[b + inner * 16 + column] ?? 0;
    sum += left * right;
  }
  return sum;
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!hasKernels(exports))
    throw new Failure(
      "engine-unavailable",
      `${assetPath("cpu-kernels.wasm")} belongs to another version of Latent Lab`,
      "Install Latent Lab again; in a checkout, run: npm run build.",
    );
  return exports;
}

function hasKernels(exports: WebAssembly.Exports): exports is WebAssembly.Exports & KernelExports {
  return ["run", "fmaPeak", "narrowFmaPeak", "productSpeed"].every(
    (name) => typeof exports[name] === "function",
  );
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
