/**
 * The commands: their names, options and help. What they do is in files of their own, loaded when they run, so that
 * help appears at once and training begins soon.
 */
import { Command, Option } from "commander";
import type { DecodeArguments, EncodeArguments } from "./codec-commands.ts";
import type { Context } from "./context.ts";
import type { ListOptions } from "./list-commands.ts";
import {
  collected,
  dataOption,
  jsonOption,
  named,
  outputOption,
  wholeNumber,
  withEngineOptions,
} from "./options.ts";
import type { RuntimeOptions } from "./runtime-command.ts";
import type { TrainArguments } from "./train-command.ts";
import type { EvaluateArguments, PictureArguments, SampleArguments } from "./use-commands.ts";
import { productVersion } from "./version.ts";

const runArgument = ["<run>", "a run's folder, its name under .latent-lab/runs, or: latest", named] as const;

export async function createProgram(context: Context): Promise<Command> {
  const { out, err } = context.terminal;
  const program = new Command("latent-lab")
    .description("Trains autoencoders and variational autoencoders on this machine, as fast as native code.")
    .version(await productVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      // main.ts reports errors, in one form for all of them.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(out.columns, 100),
      getErrHelpWidth: () => Math.min(err.columns, 100),
      getOutHasColors: () => out.hasColour,
      getErrHasColors: () => err.hasColour,
    })
    .configureHelp({ styleTitle: (title) => out.bold(title) });
  addTrain(program, context);
  addUses(program, context);
  addCodecs(program, context);
  addLists(program, context);
  program.addHelpText("after", overview);
  return program;
}

function addTrain(program: Command, context: Context): void {
  const command = program
    .command("train")
    .summary("train a model")
    .description(
      "Trains a model and leaves a run folder: loss curves, reconstructions, samples, a report and the weights.",
    )
    .argument("[file]", "experiment file (default: latent-lab.json, where there is one)", named)
    .option("-p, --preset <name>", "train a preset instead of a file; see: latent-lab presets", named)
    .option("-s, --set <path=value>", "change a setting of the experiment; may be repeated", collected)
    .addOption(dataOption())
    .option("--out <dir>", "the run folder, new or empty (default: a dated one in .latent-lab/runs)", named)
    .addOption(number("--epochs <n>", "passes over the training images", 1, 100_000))
    .addOption(number("--batch <n>", "images per step", 1, 8192))
    .addOption(number("--seed <n>", "seed of weights, shuffling and latent noise", 0, 0xffff_ffff));
  withEngineOptions(command)
    .option("--resume <run>", "go on with a run to the epochs it planned, or to --epochs", named)
    .option(
      "--control <dir>",
      "for editors: a socket to watch and stop the training, described by a file in this folder",
      named,
    )
    .addOption(jsonOption("one JSON event per line"))
    .addHelpText("after", trainHelp)
    .action(async (file: string | undefined, given: Omit<TrainArguments, "file" | "set">) => {
      const { train } = await import("./train-command.ts");
      const options = { set: [], ...given };
      await train(context, file === undefined ? options : { ...options, file });
    });
}

function addUses(program: Command, context: Context): void {
  withEngineOptions(
    program
      .command("evaluate")
      .summary("measure a trained model on its test images")
      .description("Runs the whole test split (or the training split) through a trained model.")
      .argument(...runArgument)
      .addOption(new Option("--split <name>", "which images").choices(["test", "train"]).default("test"))
      .addOption(dataOption())
      .addOption(jsonOption("one JSON object")),
  ).action(async (run: string, options: Omit<EvaluateArguments, "run">) => {
    const { evaluate } = await import("./use-commands.ts");
    await evaluate(context, { ...options, run });
  });
  withEngineOptions(
    program
      .command("reconstruct")
      .summary("draw test images above their reconstructions")
      .description("Draws images of the test split, below each what the model makes of it.")
      .argument(...runArgument)
      .addOption(outputOption("the PNG to write"))
      .addOption(number("--count <n>", "how many images", 1, 100).default(10))
      .addOption(dataOption())
      .addOption(jsonOption("one JSON object")),
  ).action(async (run: string, options: Omit<PictureArguments, "run">) => {
    const { reconstructImages } = await import("./use-commands.ts");
    await reconstructImages(context, { ...options, run });
  });
  withEngineOptions(
    program
      .command("sample")
      .summary("draw images that the model makes up")
      .description("Decodes random latents: from the standard normal for a VAE, else like those of the data.")
      .argument(...runArgument)
      .addOption(outputOption("the PNG to write"))
      .addOption(number("--count <n>", "how many images", 1, 1024).default(16))
      .addOption(number("--seed <n>", "which latents (default: the run's seed)", 0, 0xffff_ffff))
      .addOption(jsonOption("one JSON object")),
  ).action(async (run: string, options: Omit<SampleArguments, "run">) => {
    const { sampleImages } = await import("./use-commands.ts");
    await sampleImages(context, { ...options, run });
  });
}

function addCodecs(program: Command, context: Context): void {
  withEngineOptions(
    program
      .command("encode")
      .summary("compress an image to its latents")
      .description("Turns a PNG, JPEG or WebP into a .latent file: its quantised latents, one byte each.")
      .argument(...runArgument)
      .argument("<image>", "PNG, JPEG or WebP; made grey and resized to the model's images", named)
      .option("-o, --output <file>", "the .latent file to write (default: beside the image)", named)
      .addOption(new Option("--invert <when>", inversionWords).choices(["on", "off", "auto"]))
      .option("--detail", "print pixels, latents and sizes as JSON, and write no file but that of -o")
      .addOption(jsonOption("one JSON object"))
      .addHelpText("after", encodeHelp),
  ).action(async (run: string, input: string, options: Omit<EncodeArguments, "run" | "input">) => {
    const { encode } = await import("./codec-commands.ts");
    await encode(context, { ...options, run, input });
  });
  withEngineOptions(
    program
      .command("decode")
      .summary("turn latents back into an image")
      .description("Turns a .latent file back into an image, with the model that made it.")
      .argument(...runArgument)
      .argument("<file.latent>", "a file made by: latent-lab encode", named)
      .addOption(outputOption("the PNG to write; optional with --detail").makeOptionMandatory(false))
      .option("--detail", "print pixels and latents as JSON, and write no file but that of -o")
      .addOption(jsonOption("one JSON object")),
  ).action(async (run: string, input: string, options: Omit<DecodeArguments, "run" | "input">) => {
    const { decode } = await import("./codec-commands.ts");
    await decode(context, { ...options, run, input });
  });
}

function addLists(program: Command, context: Context): void {
  program
    .command("presets")
    .description("Lists the experiments that come with Latent Lab.")
    .summary("list the presets")
    .addOption(jsonOption("the presets, as experiments"))
    .action(async (options: ListOptions) => {
      const { listPresets } = await import("./list-commands.ts");
      listPresets(context, options);
    });
  const datasets = program
    .command("datasets")
    .summary("list the datasets, or download one")
    .description("Lists where images can come from, and whether they are here.")
    .addOption(jsonOption("one JSON object"))
    .action(async (options: ListOptions) => {
      const { listDatasets } = await import("./list-commands.ts");
      await listDatasets(context, options);
    });
  datasets
    .command("get")
    .description("Downloads a dataset into the cache folder; goes on where an earlier download stopped.")
    .argument("<name>", "mnist")
    .addOption(jsonOption("one JSON object"))
    .action(async (name: string, options: ListOptions) => {
      const { getDataset } = await import("./list-commands.ts");
      await getDataset(context, name, { json: options.json ?? datasets.opts<ListOptions>().json ?? false });
    });
  addEngines(program, context);
  program
    .command("runtime", { hidden: true })
    .description("For editors: whether this Node can read what a GPU computes.")
    .addOption(jsonOption("what is known, a JSON object a line; the last line counts"))
    .action(async (options: RuntimeOptions) => {
      const { describeRuntime } = await import("./runtime-command.ts");
      await describeRuntime(context, options);
    });
  program
    .command("runs")
    .summary("list the runs")
    .description("Lists the runs in .latent-lab/runs below the current folder, the latest last.")
    .addOption(jsonOption("one JSON object"))
    .action(async (options: ListOptions) => {
      const { listRunFolders } = await import("./list-commands.ts");
      await listRunFolders(context, options);
    });
}

function addEngines(program: Command, context: Context): void {
  const engines = program
    .command("engines")
    .summary("list what can compute here, or install TensorFlow")
    .description("Lists the engines, and finds out whether each works on this machine.")
    .addOption(jsonOption("one JSON object"))
    .action(async (options: ListOptions) => {
      const { listEngines } = await import("./engine-commands.ts");
      await listEngines(context, options);
    });
  const withJson = (options: ListOptions) => ({
    json: options.json ?? engines.opts<ListOptions>().json ?? false,
  });
  engines
    .command("install")
    .description("Installs an engine that is no part of Latent Lab, with npm, below the cache folder.")
    .argument("<name>", "tensorflow (1 to 2 GB; needs an NVIDIA GPU with CUDA 11.2)")
    .addOption(jsonOption("one JSON object"))
    .action(async (name: string, options: ListOptions) => {
      const { installEngine } = await import("./install-commands.ts");
      await installEngine(context, name, withJson(options));
    });
  engines
    .command("remove")
    .description("Removes an engine that was installed so.")
    .argument("<name>", "tensorflow")
    .addOption(jsonOption("one JSON object"))
    .action(async (name: string, options: ListOptions) => {
      const { removeEngine } = await import("./install-commands.ts");
      await removeEngine(context, name, withJson(options));
    });
}

function number(flags: string, description: string, low: number, high: number): Option {
  return new Option(flags, description).argParser(wholeNumber(low, high));
}

const inversionWords = "swap dark and light (default: as the run's dataset; with --detail: auto)";

const encodeHelp = `
--invert auto swaps dark and light where the picture is dark ink on light paper:
where two thirds of its rim are lighter than the level that best parts its dark
from its light, or, on a transparent ground, where the ink is darker than middle
grey. For a run that was trained on a folder of pictures, it does as with those.`;

const overview = `
Examples:
  latent-lab train --preset mnist-vae              the VAE 784-400-20-400-784, 5 epochs
  latent-lab train my.latent-lab.json --epochs 20  your own experiment
  latent-lab sample latest -o samples.png          new images from the latest run
  latent-lab train --resume latest                 go on after an interruption

Exit codes:
  0    done
  1    failed; the reason is on stderr, or an "error" event on stdout with --json
  2    the command line is wrong
  130  interrupted, by Ctrl-C for one

Environment:
  LATENT_LAB_DATA   folder of MNIST's four files, where --data is not given
  HTTPS_PROXY       proxy for downloads; NO_PROXY lists the hosts that need none
  NO_COLOR          no colours when set
  LATENT_LAB_NODE   "current" keeps the Node that started; else an older Node
                    hands over to the Node 24 that comes with the package
  LATENT_LAB_WEBGPU "adapter=NAME" takes the GPU with that in its name, of several;
                    "software" lets WebGPU compute without a GPU, on a software
                    Vulkan driver; "safe" has it check every access; or several:
                    software,safe
  LATENT_LAB_TENSORFLOW
                    folder with TensorFlow's package, or its node_modules, where
                    it was not installed with: latent-lab engines install
  LATENT_LAB_TENSORFLOW_ALLOW_CPU
                    "1" lets TensorFlow compute without a GPU
  LATENT_LAB_DEBUG  "1" prints where an unexpected error happened`;

const trainHelp = `
Examples:
  latent-lab train --preset mnist-vae
  latent-lab train --preset mnist-vae --set model.encoder=784,400,6 --epochs 10
  latent-lab train --preset mnist-autoencoder --set dataset.kind=drawn-digits
  latent-lab train experiment.json --data ~/datasets --out run1 --json > events.jsonl
  latent-lab train --resume latest
  latent-lab train --resume latest --epochs 20     longer: 20 epochs in all

MNIST comes from --data, else LATENT_LAB_DATA, else the cache folder, else a
download. Without network or copy, digits drawn by Latent Lab take its place.

Ctrl-C ends the step, writes a checkpoint and says how to go on; a second one
leaves at once.`;
