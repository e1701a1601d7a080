/**
 * What a run can go on from: checkpoint.safetensors (weights, both of Adam's moments, how far the run has come) and
 * what others can use: model.safetensors (the weights alone). Both are written whole or not at all, and both are
 * checked against the network and against a SHA-256 before they are believed.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod/mini";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import type { TensorState, TrainingState } from "../engine/engine.ts";
import { type Network, networkTensors } from "../model/network.ts";
import { shellWord } from "../shell-word.ts";
import { writeFileDurably } from "./durable-file.ts";
import { type Progress, progressSchema } from "./progress.ts";
import {
  encodeSafetensors,
  littleEndianBytes,
  readSafetensors,
  type Tensor,
  type TensorHeader,
} from "./safetensors.ts";

/**
 * How a plain autoencoder's latents lie: mean and standard deviation of each dimension over test images. New images
 * are sampled from that normal distribution, since nothing makes its latents standard normal as a VAE's are.
 */
const latentSpreadSchema = z.object({ mean: z.array(z.number()), deviation: z.array(z.number()) });
export type LatentSpread = z.infer<typeof latentSpreadSchema>;

export interface Checkpoint {
  readonly progress: Progress;
  readonly state: TrainingState;
  /** Null for a VAE. */
  readonly spread: LatentSpread | null;
}

/** The weights of a run, from its model file or from its checkpoint. */
export interface Weights {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly spread: LatentSpread | null;
  /** See weightsSha256. */
  readonly sha256: string;
}

/** Names of a tensor's moments beside it. */
const momentNames = (name: string) => ({ first: `${name}.first_moment`, second: `${name}.second_moment` });

/** Metadata common to both files. "format" is what other tools look for: the tensors are shaped as PyTorch's. */
const foreign = { format: "pt", "made-by": "latent-lab" };
const checkpointKey = "latent-lab.checkpoint";
const modelKey = "latent-lab.model";

const checkpointSchema = z.object({
  run: z.string(),
  progress: progressSchema,
  spread: z.nullable(latentSpreadSchema),
  /** Of the tensors' bytes, in the order of the file. */
  sha256: z.string(),
});
/** Nothing that differs between two runs of one experiment: equal trainings leave equal files. */
const modelSchema = z.object({ spread: z.nullable(latentSpreadSchema) });

/** Throws a Failure (storage-*): the checkpoint before is then still there. */
export async function writeCheckpoint(
  path: string,
  run: string,
  network: Network,
  { progress, state, spread }: Checkpoint,
): Promise<void> {
  const tensors = checkpointTensors(network, state);
  const about: z.infer<typeof checkpointSchema> = { run, progress, spread, sha256: sha256Of(tensors) };
  const metadata = { ...foreign, [checkpointKey]: JSON.stringify(about) };
  await writeFileDurably(path, ...encodeSafetensors({ tensors, metadata }));
}

/** Null where there is none. Throws a Failure: run-invalid when it is not this run's, or damaged; storage-*. */
export async function readCheckpoint(
  path: string,
  run: string,
  network: Network,
): Promise<Checkpoint | null> {
  if (!(await exists(path))) return null;
  const shapes = checkpointShapes(network);
  const file = await readSafetensors(path, (header) => requireShapes(header, shapes, path));
  const about = parseAbout(file.metadata[checkpointKey], checkpointSchema, path);
  if (about.run !== run) throw damaged(path, `belongs to another run (${about.run})`);
  if (about.sha256 !== sha256Of(file.tensors)) throw damaged(path, "its tensors do not match their SHA-256");
  const tensors = new Map<string, TensorState>();
  for (const { name } of networkTensors(network)) {
    const { first, second } = momentNames(name);
    tensors.set(name, {
      value: valuesOf(file.tensors, name),
      firstMoment: valuesOf(file.tensors, first),
      secondMoment: valuesOf(file.tensors, second),
    });
  }
  return { progress: about.progress, spread: about.spread, state: { step: about.progress.step, tensors } };
}

/** Writes the weights alone; returns their weightsSha256. Throws a Failure (storage-*). */
export async function writeModel(
  path: string,
  network: Network,
  { state, spread }: Checkpoint,
): Promise<string> {
  const tensors = new Map(
    networkTensors(network).map(({ name, shape }) => [name, { shape, values: tensorOf(state, name).value }]),
  );
  const about: z.infer<typeof modelSchema> = { spread };
  const metadata = { ...foreign, [modelKey]: JSON.stringify(about) };
  await writeFileDurably(path, ...encodeSafetensors({ tensors, metadata }));
  return sha256Of(tensors);
}

/** Throws a Failure: run-invalid unless the file holds this network's weights with this SHA-256; storage-*. */
export async function readModel(path: string, network: Network, sha256: string): Promise<Weights> {
  if (!(await exists(path))) throw new Failure("run-invalid", `${path}: is missing`, restoring(path));
  const shapes = new Map(networkTensors(network).map(({ name, shape }) => [name, shape]));
  const file = await readSafetensors(path, (header) => requireShapes(header, shapes, path));
  const values = new Map([...shapes.keys()].map((name) => [name, valuesOf(file.tensors, name)]));
  if (weightsSha256(network, values) !== sha256)
    throw new Failure(
      "run-invalid",
      `${path}: was changed since this run wrote it: its weights do not match modelSha256 in run.json`,
      restoring(path),
    );
  return { values, spread: parseAbout(file.metadata[modelKey], modelSchema, path).spread, sha256 };
}

function restoring(path: string): string {
  const run = shellWord(dirname(path));
  return `Restore it from a copy, or have the run write it again from its checkpoint: latent-lab train --resume ${run}`;
}

export function weightsOf(network: Network, { state, spread }: Checkpoint): Weights {
  const values = new Map(networkTensors(network).map(({ name }) => [name, tensorOf(state, name).value]));
  return { values, spread, sha256: weightsSha256(network, values) };
}

/**
 * Names a model by its weights: the SHA-256, in lower-case hex, of every tensor in the network's order, each as the
 * line "name shape" and its values as little-endian float32. The same for a model file and for a checkpoint.
 */
export function weightsSha256(network: Network, values: ReadonlyMap<string, Float32Array>): string {
  const tensors = networkTensors(network).map(({ name, shape }): [string, Tensor] => {
    const found = values.get(name);
    if (found === undefined) throw new RangeError(`no tensor ${name}`);
    return [name, { shape, values: found }];
  });
  return sha256Of(new Map(tensors));
}

/** Where a value is NaN or infinite, in words; null where all are finite. Such a state must never be written. */
export function nonFinitePlace(state: TrainingState): string | null {
  for (const [name, { value, firstMoment, secondMoment }] of state.tensors) {
    if (!allFinite(value)) return name;
    if (!allFinite(firstMoment) || !allFinite(secondMoment)) return `a moment of ${name}`;
  }
  return null;
}

/** One sum instead of a test per element: this runs over every parameter at every checkpoint. */
function allFinite(values: Float32Array): boolean {
  let zero = 0;
  for (let index = 0; index < values.length; index++) zero += (values[index] as number) * 0;
  return zero === 0;
}

function checkpointTensors(network: Network, state: TrainingState): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of networkTensors(network)) {
    const { first, second } = momentNames(name);
    const { value, firstMoment, secondMoment } = tensorOf(state, name);
    tensors.set(name, { shape, values: value });
    tensors.set(first, { shape, values: firstMoment });
    tensors.set(second, { shape, values: secondMoment });
  }
  return tensors;
}

function checkpointShapes(network: Network): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, shape } of networkTensors(network)) {
    const { first, second } = momentNames(name);
    for (const each of [name, first, second]) shapes.set(each, shape);
  }
  return shapes;
}

function requireShapes(
  header: TensorHeader,
  expected: ReadonlyMap<string, readonly number[]>,
  path: string,
): void {
  for (const [name, shape] of expected) {
    const found = header.shapes.get(name);
    if (found === undefined) throw damaged(path, `lacks the tensor ${name}`);
    if (found.join() !== shape.join())
      throw damaged(path, `the tensor ${name} has the shape [${found}], the experiment's model [${shape}]`);
  }
  for (const name of header.shapes.keys())
    if (!expected.has(name))
      throw damaged(path, `the tensor ${JSON.stringify(name)} is none of this model's`);
}

function parseAbout<T extends z.ZodMiniType>(text: string | undefined, schema: T, path: string): z.output<T> {
  let json: unknown;
  try {
    json = JSON.parse(text ?? "");
  } catch {
    throw damaged(path, "was not written by Latent Lab: its metadata is missing");
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged(path, "its metadata is incomplete");
  return parsed.data;
}

function sha256Of(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, { shape, values }] of tensors) {
    hash.update(`${name} ${shape.join("x")}\n`);
    hash.update(littleEndianBytes(values));
  }
  return hash.digest("hex");
}

function tensorOf(state: TrainingState, name: string): TensorState {
  const tensor = state.tensors.get(name);
  if (tensor === undefined) throw new RangeError(`the engine's state lacks the tensor ${name}`);
  return tensor;
}

function valuesOf(tensors: ReadonlyMap<string, Tensor>, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new RangeError(`no tensor ${name}`);
  return tensor.values;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasSystemCode(error, "ENOENT")) return false;
    throw storageFailure(error, path, "read");
  }
}

function damaged(path: string, problem: string): Failure {
  return new Failure("run-invalid", `${path}: ${problem}`, "Restore it from a copy, or train again.");
}
