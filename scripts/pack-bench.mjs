// Makes one archive that runs the GPU's benchmark on a bare Linux machine (x86-64, glibc): Node, Dawn, the build, the
// benchmark as plain JavaScript, MNIST and the PyTorch peers. Such a machine needs a Vulkan driver, and for the peers a
// Python with PyTorch; neither Node nor a network.
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { dawnFolder, nodeFiles } from "./platforms.mjs";
import { captureProgram, root, say, TaskError } from "./set-up.mjs";

const target = "linux-x64";
const name = `latent-lab-gpu-bench-${target}`;
/** Machines with a GPU that are lent by the hour take little more. */
const mostMegabytes = 60;

/** What runs as a process of its own, each with all it imports: paths below bench/, as the sources have them. */
const programs = ["gpu", "peers/latent-lab", "peers/adapter"];
const pythonPeers = ["peers/pytorch_gpu.py", "peers/vae.py", "peers/turns.py"];

/** Builds the archive from what is in dist/; returns its path. `args`: --pack and, perhaps, --data DIR. */
export async function packBench(args) {
  const mnist = await mnistFiles(dataOf(args));
  const folder = await mkdtemp(join(root, "node_modules/.latent-lab-pack-"));
  try {
    const to = join(folder, name);
    await mkdir(join(to, "bench/peers"), { recursive: true });
    await copyBuild(to);
    await bundlePrograms(to);
    for (const file of pythonPeers) await cp(join(root, "bench", file), join(to, "bench", file));
    await copyDawn(to);
    const { binary, licence } = await nodeFiles(target);
    await copyTo(binary, join(to, "node/node"), 0o755);
    await copyTo(licence, join(to, "node/LICENSE"), 0o644);
    for (const file of mnist)
      await copyTo(file, join(to, "mnist", file.slice(dirname(file).length + 1)), 0o644);
    await copyVulkan(to);
    await cp(join(root, "bench/README.md"), join(to, "README.md"));
    await cp(join(root, "LICENSE"), join(to, "LICENSE"));
    await copyTo(join(root, "bench/run-packed.sh"), join(to, "run.sh"), 0o755);
    return await compress(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Throws a TaskError for what is neither --pack nor --data DIR. */
export function dataOf(args) {
  const others = args.filter((arg) => arg !== "--pack").flatMap((arg) => arg.split("="));
  const [option, folder, ...more] = others;
  if (option === undefined) return null;
  if (option !== "--data" || folder === undefined || more.length > 0)
    throw new TaskError(`gpu --pack takes --data DIR and nothing else; not: ${args.join(" ")}`);
  return folder;
}

/** MNIST's four files, plain or with .gz, where the benchmark itself looks for them. */
async function mnistFiles(data) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const named = data ?? process.env.LATENT_LAB_DATA;
  const places = named ? [named] : [join(cache, "latent-lab/mnist"), join(root, "../shared/datasets/mnist")];
  const wanted = ["train", "t10k"].flatMap((split) => [
    `${split}-images-idx3-ubyte`,
    `${split}-labels-idx1-ubyte`,
  ]);
  for (const place of places) {
    const found = wanted.map((file) =>
      [`${file}.gz`, file].map((each) => join(place, each)).find(existsSync),
    );
    if (found.every((file) => file !== undefined)) return found;
  }
  throw new TaskError(`MNIST is not in ${places.join(" or ")}: latent-lab datasets get mnist, or --data DIR`);
}

/** The command line, its worker and its kernels: what the benchmark starts or loads. */
async function copyBuild(to) {
  const wanted = (file) =>
    file === "" || /^(?:chunks(?:\/.+)?|latent-lab\.js|cpu-worker\.js|cpu-kernels\.wasm)$/.test(file);
  const dist = join(root, "dist");
  await cp(dist, join(to, "dist"), { recursive: true, filter: (path) => wanted(relative(dist, path)) });
  const { name, version, license, type } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  await writeFile(join(to, "package.json"), `${JSON.stringify({ name, version, license, type }, null, 2)}\n`);
}

async function bundlePrograms(to) {
  const { bundleBenchPrograms } = await import("../esbuild.mjs");
  await bundleBenchPrograms(root, programs, join(to, "bench"));
}

async function copyDawn(to) {
  const from = join(root, "node_modules/webgpu");
  const dawn = dawnFolder(target);
  const wanted = new RegExp(`^(?:package\\.json|LICENSE\\.md|index\\.js|dist(?:/${dawn}(?:/[^/]+)?)?)$`);
  await cp(from, join(to, "node_modules/webgpu"), {
    recursive: true,
    filter: (path) => path === from || wanted.test(relative(from, path)),
  });
}

/** What finds NVIDIA's driver: its libraries by name, where no manifest of its own fits. */
const manifests = { "nvidia-glx": "libGLX_nvidia.so.0", "nvidia-egl": "libEGL_nvidia.so.0" };

/** A machine may have its GPU's driver and not the library that finds it (libvulkan.so.1, Apache 2.0). */
async function copyVulkan(to) {
  await copyTo(join(root, "bench/find-vulkan-driver.sh"), join(to, "vulkan/find-driver.sh"), 0o644);
  for (const [name, library] of Object.entries(manifests)) {
    const manifest = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } };
    await writeFile(join(to, `vulkan/${name}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  const places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64"].map((folder) => join(folder, "libvulkan.so.1"));
  const loader = places.find(existsSync);
  if (loader === undefined) {
    say("libvulkan.so.1 is not here and not in the archive: the machine that runs it must have one");
    return;
  }
  await cp(loader, join(to, "vulkan/libvulkan.so.1"), { dereference: true });
}

async function copyTo(from, to, mode) {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { dereference: true });
  await chmod(to, mode);
}

async function compress(folder) {
  const made = join(folder, `${name}.tar.xz`);
  say("Compressing (a minute or two) …");
  const options = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
  const tar = ["-C", folder, ...options, "-I", "xz -6 -T0", "-cf", made, name];
  const { code, output } = await captureProgram("tar", tar).catch((error) => ({
    code: 1,
    output: error.message,
  }));
  if (code !== 0) throw new TaskError(`tar with xz failed: ${output.split("\n")[0]}`);
  const { size } = await stat(made);
  const megabytes = size / 1e6;
  if (megabytes >= mostMegabytes)
    throw new TaskError(
      `the archive has ${megabytes.toFixed(1)} MB; it must have less than ${mostMegabytes}`,
    );
  const results = join(root, "bench/results");
  await mkdir(results, { recursive: true });
  const path = join(results, `${name}.tar.xz`);
  await rename(made, path);
  say(
    `${name}.tar.xz: ${megabytes.toFixed(1)} MB, ${(await sizeOf(join(folder, name))).toFixed(0)} MB unpacked`,
  );
  return path;
}

async function sizeOf(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath ?? entry.path, entry.name))).size;
  return bytes / 1e6;
}
