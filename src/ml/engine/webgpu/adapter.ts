/**
 * Finding a GPU, by an instance of Dawn for each kind of checks (see dawn.ts). A software adapter, which draws pictures on
 * the processor, is right but slow: it is taken only where LATENT_LAB_WEBGPU asks for it.
 */
import { readdir } from "node:fs/promises";
import { Failure } from "../../../contract/failure.ts";
import { Answers, patienceSeconds } from "./answers.ts";
import { loadDawn } from "./dawn.ts";
import { withDisplaylessDriver } from "./nvidia-driver.ts";

export interface FoundAdapter {
  /** An adapter opens one device. */
  readonly adapter: GPUAdapter;
  readonly software: boolean;
  /** "NVIDIA H200", as the driver names it. */
  readonly name: string;
  readonly driver: string;
}

/** "safe" checks every access and call, as a browser would; "fast" trusts our kernels, which the tests hold to that. */
export type Checks = "safe" | "fast";

const featuresOf = {
  safe: [],
  fast: [
    `enable-dawn-features=${[
      "disable_robustness",
      "skip_validation",
      "disable_workgroup_init",
      "disable_polyfills_on_integer_div_and_mod",
      "allow_unsafe_apis",
    ].join()}`,
  ],
} as const satisfies Record<Checks, readonly string[]>;

/** What LATENT_LAB_WEBGPU may ask for. */
export interface WebgpuWishes {
  readonly software: boolean;
  readonly checks: Checks;
}

/** `text`: "software", "safe", or both with a comma; what is empty asks for nothing. Throws a Failure (usage). */
export function parseWishes(text: string | undefined): WebgpuWishes {
  const words = (text ?? "").split(",").map((word) => word.trim());
  const unknown = words.find((word) => word !== "" && word !== "software" && word !== "safe");
  if (unknown !== undefined)
    throw new Failure(
      "usage",
      `LATENT_LAB_WEBGPU: there is no "${unknown}"`,
      "It may hold software, safe, or both: software,safe.",
    );
  return { software: words.includes("software"), checks: words.includes("safe") ? "safe" : "fast" };
}

/** By driver and checks; never let go. */
const instances = new Map<string, Promise<GPU>>();

/** Throws a Failure (engine-unavailable) where there is no GPU, or only one in software that nobody asked for. */
export async function findAdapter({ software, checks }: WebgpuWishes): Promise<FoundAdapter> {
  if (!software && process.platform === "linux" && !(await hasGraphicsDevice())) throw noGpu();
  let unwanted: FoundAdapter | null = null;
  const find = async (driver: "installed" | "displayless"): Promise<FoundAdapter | null> => {
    const found = await request(driver, checks);
    if (found !== null && (software || !found.software)) return found;
    unwanted = found ?? unwanted;
    return null;
  };
  const installed = () => find("installed");
  const displayless = () => withDisplaylessDriver(() => find("displayless"));
  // Installed ones that miss a display complain on stderr.
  const [first, second] = hasDisplay() ? [installed, displayless] : [displayless, installed];
  const adapter = (await first()) ?? (await second()) ?? unwanted;
  if (adapter === null) throw noGpu();
  requireWished(adapter, { software });
  return adapter;
}

/** Throws a Failure (engine-unavailable) for an adapter in software that was not asked for. */
export function requireWished(
  { software, name }: FoundAdapter,
  wishes: Pick<WebgpuWishes, "software">,
): void {
  if (!software || wishes.software) return;
  throw new Failure(
    "engine-unavailable",
    `there is no GPU here, only ${name}, which computes on the processor`,
    "Install the driver of your GPU, with Vulkan; or use the CPU engine.",
  );
}

async function createInstance(checks: Checks): Promise<GPU> {
  const dawn = await loadDawn();
  return dawn.create(featuresOf[checks]);
}

async function request(driver: string, checks: Checks): Promise<FoundAdapter | null> {
  const key = `${driver} ${checks}`;
  const instance = instances.get(key) ?? createInstance(checks);
  instances.set(key, instance);
  const asked = (await instance).requestAdapter({ powerPreference: "high-performance" });
  const adapter = await new Answers(patienceSeconds.hardware).wait(asked);
  if (adapter === null) return null;
  const { info } = adapter;
  return {
    adapter,
    software: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(namesOf(info)),
    name: inWords(info.device || info.architecture || info.vendor),
    driver: info.description || "unknown",
  };
}

/** Under X or Wayland, and wherever that is no question. */
function hasDisplay(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform !== "linux" || Boolean(DISPLAY || WAYLAND_DISPLAY);
}

/** Looking costs nothing; asking every Vulkan driver takes half a second. "dxg" is the GPU of Windows under WSL. */
async function hasGraphicsDevice(): Promise<boolean> {
  const names = await readdir("/dev").catch((): string[] => []);
  return names.some((name) => /^(?:dri|nvidia\d+|nvidiactl|kfd|dxg|mali\d*)$/.test(name));
}

function noGpu(): Failure {
  return new Failure(
    "engine-unavailable",
    "no GPU was found",
    process.platform === "linux"
      ? "Install the driver of your GPU and its Vulkan loader (libvulkan1); or use the CPU engine."
      : "Install the driver of your GPU; or use the CPU engine.",
  );
}

/** WebGPU writes names for programs: "nvidia-geforce-rtx-4090" is "NVIDIA GeForce RTX 4090". */
function inWords(name: string): string {
  const words = name.split(/[- ]+/).filter((word) => word !== "");
  if (words.length === 0) return "a GPU without a name";
  const brands: Record<string, string> = { geforce: "GeForce", swiftshader: "SwiftShader" };
  const written = (word: string) =>
    brands[word] ??
    (/\d/.test(word) || /^(?:nvidia|amd|rtx|gtx|gpu|uhd|hd|rx|xt)$/.test(word)
      ? word.toUpperCase()
      : word.charAt(0).toUpperCase() + word.slice(1));
  return words.map(written).join(" ");
}

function namesOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return `${vendor} ${architecture} ${device} ${description}`;
}
