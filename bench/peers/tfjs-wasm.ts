/**
 * TensorFlow.js on its wasm backend as a contestant: the same VAE, batch and Adam in its own operations, images as one
 * float tensor, shuffled every epoch. Arguments: the folder of the IDX files, threads (1: the backend as Node gets it;
 * more: see tfjs-threads.ts), a folder for temporary files.
 */
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { findIdxFiles, readIdxFiles } from "../../src/ml/data/idx-folder.ts";
import { registerGradients } from "../../test/reference/tensorflow-gradients.ts";
import { type EpochResult, epochRequestSchema } from "./epoch.ts";
import { declareUnavailable, serve } from "./protocol.ts";
import { startThreadedBackend, tfjsWasmFolder } from "./tfjs-threads.ts";

const batch = 128;
const [pixels, hidden, latent] = [784, 400, 20];

interface Layer {
  readonly weight: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}

/** Weight [inputs, outputs] and bias, uniform in ±1/√inputs as PyTorch's Linear. */
function createLayer(inputs: number, outputs: number): Layer {
  const bound = 1 / Math.sqrt(inputs);
  return {
    weight: tf.variable(tf.randomUniform<tf.Rank.R2>([inputs, outputs], -bound, bound)),
    bias: tf.variable(tf.randomUniform<tf.Rank.R1>([outputs], -bound, bound)),
  };
}

function dense(layer: Layer, x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(x, layer.weight), layer.bias);
}

class Vae {
  readonly #encoder = createLayer(pixels, hidden);
  readonly #mean = createLayer(hidden, latent);
  readonly #logVariance = createLayer(hidden, latent);
  readonly #decoder = createLayer(latent, hidden);
  readonly #output = createLayer(hidden, pixels);
  readonly #adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);

  /** Returns the loss summed over the images, [1]. */
  step(images: tf.Tensor2D): tf.Scalar {
    const loss = this.#adam.minimize(() => this.#loss(images), true);
    if (loss === null) throw new Error("tfjs returned no loss");
    return loss;
  }

  #loss(images: tf.Tensor2D): tf.Scalar {
    const features = tf.relu(dense(this.#encoder, images));
    const mean = dense(this.#mean, features);
    const logVariance = dense(this.#logVariance, features);
    const noise = tf.randomNormal<tf.Rank.R2>(mean.shape);
    const latents = tf.add<tf.Tensor2D>(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise));
    const logits = dense(this.#output, tf.relu(dense(this.#decoder, latents)));
    // tf.losses.sigmoidCrossEntropy, written out: max(x, 0) − x·t + log1p(e^−|x|).
    const terms = tf.add(
      tf.sub(tf.relu(logits), tf.mul(logits, images)),
      tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
    );
    const divergence = tf.sub(tf.sub(tf.add(logVariance, 1), tf.square(mean)), tf.exp(logVariance));
    return tf.sub(tf.sum(terms), tf.mul(tf.sum(divergence), 0.5));
  }
}

async function trainEpoch(vae: Vae, images: tf.Tensor2D, steps: number | null): Promise<EpochResult> {
  const start = performance.now();
  const count = images.shape[0];
  const order = Int32Array.from(tf.util.createShuffledIndices(count));
  const limit = steps === null ? count : Math.min(count, steps * batch);
  let sum = 0;
  for (let first = 0; first < limit; first += batch) {
    const rows = order.subarray(first, Math.min(first + batch, limit));
    const loss = tf.tidy(() => vae.step(tf.gather(images, tf.tensor1d(rows, "int32"))));
    sum += loss.dataSync<"float32">()[0] ?? Number.NaN;
    loss.dispose();
  }
  return { seconds: (performance.now() - start) / 1000, images: limit, loss: sum / limit };
}

async function startBackend(threads: number, temporary: string): Promise<number> {
  wasm.setWasmPaths(tfjsWasmFolder);
  if (threads > 1) return startThreadedBackend(threads, temporary);
  await tf.setBackend("wasm");
  return 1;
}

const [folder = "", wanted = "", temporary = ""] = process.argv.slice(2);
await registerGradients();
tf.enableProdMode();
const threads = await startBackend(Number(wanted), temporary);
if (tf.getBackend() !== "wasm" || threads !== Number(wanted)) {
  declareUnavailable(`tfjs started "${tf.getBackend()}" with ${threads} instead of ${wanted} threads`);
} else {
  const { train } = await readIdxFiles(folder, await findIdxFiles(folder));
  const images = tf.tensor2d(
    Float32Array.from(train.pixels, (byte) => byte / 255),
    [train.count, pixels],
  );
  const vae = new Vae();
  await trainEpoch(vae, images, 2);
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  await serve(
    `tfjs ${tf.version_core} wasm backend, ${simd ? "SIMD" : "no SIMD"}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    async (request) => trainEpoch(vae, images, epochRequestSchema.parse(request).steps),
  );
}
// Its worker threads would keep the process alive.
process.exit();
