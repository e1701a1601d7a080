/**
 * Finding a GPU, by an instance of Dawn for each kind of checks (see dawn.ts). A software adapter, which draws pictures on
 * the processor, is right but slow: it is taken only where LATENT_LAB_WEBGPU asks for it.
 */
import { Failure } from "../../../contract/failure.ts";
import { Answers, patienceSeconds } from "./answers.ts";
import { loadDawn } from "./dawn.ts";
import { hasGraphicsDevice, remedyForNoGpu } from "./graphics-devices.ts";
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
  /** A part of its name, of which letters and digits count. Left out: the fastest kind. */
  readonly adapter?: string;
}

const adapterWish = /^adapter=(?=.)/;

/** `text`: "software", "safe", "adapter=NAME", with commas between; what is empty asks for nothing. Throws a Failure (usage). */
export function parseWishes(text: string | undefined): WebgpuWishes {
  const words = (text ?? "").split(",").map((word) => word.trim());
  const unknown = words.find(
    (word) => word !== "" && word !== "software" && word !== "safe" && !adapterWish.test(word),
  );
  if (unknown !== undefined)
    throw new Failure(
      "usage",
      `LATENT_LAB_WEBGPU: there is no "${unknown}"`,
      "It may hold software, safe, adapter=NAME, or several of them: software,safe.",
    );
  const adapter = words.find((word) => adapterWish.test(word))?.replace(adapterWish, "");
  return {
    software: words.includes("software"),
    checks: words.includes("safe") ? "safe" : "fast",
    ...(adapter === undefined ? {} : { adapter }),
  };
}

/** By driver, checks and name; never let go. */
const instances = new Map<string, Promise<GPU>>();

/** Throws a Failure (engine-unavailable) where there is no GPU, or only one in software that nobody asked for. */
export async function findAdapter(wishes: WebgpuWishes): Promise<FoundAdapter> {
  const { software, adapter: wanted } = wishes;
  // Looking costs nothing; asking every Vulkan driver takes half a second.
  if (!software && !(await hasGraphicsDevice())) throw await noGpu();
  let unwanted: FoundAdapter | null = null;
  const others: string[] = [];
  const find = async (driver: "installed" | "displayless"): Promise<FoundAdapter | null> => {
    const found = await request(driver, wishes, (names) => others.push(...names));
    if (found !== null && (software || !found.software)) return found;
    unwanted = found ?? unwanted;
    return null;
  };
  const installed = () => find("installed");
  const displayless = () => withDisplaylessDriver(() => find("displayless"));
  // Installed ones that miss a display complain on stderr.
  const [first, second] = hasDisplay() ? [installed, displayless] : [displayless, installed];
  const adapter = (await first()) ?? (await second()) ?? unwanted;
  if (adapter === null)
    throw wanted !== undefined && others.length > 0 ? noneNamed(wanted, others) : await noGpu();
  await requireWished(adapter, wishes);
  return adapter;
}

/** Throws a Failure (engine-unavailable) for an adapter in software that was not asked for. */
export async function requireWished({ software, name }: FoundAdapter, wishes: WebgpuWishes): Promise<void> {
  if (!software || wishes.software) return;
  throw new Failure(
    "engine-unavailable",
    `there is no GPU here, only ${name}, which computes on the processor`,
    await remedyForNoGpu(),
  );
}

async function createInstance({ checks, adapter }: WebgpuWishes): Promise<GPU> {
  const dawn = await loadDawn();
  return dawn.create([...featuresOf[checks], ...(adapter === undefined ? [] : [`adapter=${adapter}`])]);
}

/** Null where the driver has none, or none of the name that is wished for: those that it has are told then. */
async function request(
  driver: string,
  wishes: WebgpuWishes,
  tellOthers: (names: readonly string[]) => void,
): Promise<FoundAdapter | null> {
  const key = `${driver} ${wishes.checks} ${wishes.adapter ?? ""}`;
  const instance = instances.get(key) ?? createInstance(wishes);
  instances.set(key, instance);
  let adapter: GPUAdapter | null;
  try {
    const asked = (await instance).requestAdapter({ powerPreference: "high-performance" });
    adapter = await new Answers(patienceSeconds.hardware).wait(asked);
  } catch (error) {
    const { adapter: wanted } = wishes;
    const names = adaptersIn(error);
    if (wanted === undefined || names === null) throw error;
    // Dawn takes the driver's own writing alone, and tells users another.
    const meant = names.find((name) => lettersOf(name).includes(lettersOf(wanted)));
    if (meant !== undefined && meant !== wanted)
      return request(driver, { ...wishes, adapter: meant }, tellOthers);
    tellOthers(names);
    return null;
  }
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

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Of Dawn's error where none has the name that is wished for: those there are. Null for any other error. */
function adaptersIn(error: unknown): readonly string[] | null {
  const text = error instanceof Error ? error.message : String(error);
  return /no suitable backends/.test(text)
    ? [...text.matchAll(/name: '(.*)'$/gm)].map(([, name = ""]) => name)
    : null;
}

function noneNamed(wanted: string, others: readonly string[]): Failure {
  return new Failure(
    "engine-unavailable",
    `no GPU here has "${wanted}" in its name`,
    `There is: ${[...new Set(others)].join("; ")}. A part of the name is enough, without a comma.`,
  );
}

async function noGpu(): Promise<Failure> {
  return new Failure("engine-unavailable", "no GPU was found", await remedyForNoGpu());
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
