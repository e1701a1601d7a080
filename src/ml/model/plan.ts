/**
 * The planner: a Network becomes a Plan, one plain operation at a time. What it writes is the reference
 * that fusion (fuse.ts) is tested against, and can be read beside a textbook.
 */
import type { DenseLayer, Network } from "./network.ts";
import type { BatchMatrix, LayerParameters, Noise, Operation, Plan } from "./program.ts";

interface PlannedLayer {
  readonly parameters: LayerParameters;
  readonly activation: DenseLayer["activation"];
  readonly out: BatchMatrix;
  readonly gradient: BatchMatrix;
}

export function planNetwork(network: Network): Plan {
  const images = matrix("images", network.pixels);
  const encoder = network.encoder.map((layer) => planLayer([layer]));
  const heads = planLayer(network.latentHeads);
  const decoder = network.decoder.map((layer) => planLayer([layer]));
  const latents = network.variational ? matrix("latents", network.latent) : heads.out;
  const latentGradient = network.variational ? matrix("latents.gradient", network.latent) : heads.gradient;
  const deviation = matrix("latents.deviation", network.latent);
  const output = lastOf(decoder);

  const encode = forward(images, [...encoder, heads]);
  const latentsOf = (noise: Noise): Operation[] =>
    network.variational ? [{ kind: "sample", statistics: heads.out, noise, deviation, out: latents }] : [];
  const meanLatents: Operation[] = network.variational
    ? [{ kind: "mean", statistics: heads.out, out: latents }]
    : [];
  const decode = forward(latents, decoder).slice(0, -1); // up to the logits
  const lossOf = (gradient: BatchMatrix | null): Operation => ({
    kind: "reconstructionLoss",
    logits: output.out,
    target: images,
    gradient,
  });

  const train: Operation[] = [
    { kind: "gather", out: images },
    ...encode,
    ...latentsOf("training"),
    ...decode,
    lossOf(output.gradient),
    ...backward(decoder, latentGradient, network.variational ? "linear" : heads.activation, latents),
    ...(network.variational
      ? [
          {
            kind: "sampleGradient",
            statistics: heads.out,
            deviation,
            latentGradient,
            out: heads.gradient,
          } as const,
        ]
      : []),
    ...backward([...encoder, heads], null, "linear", images),
    ...updates(latents, decoder),
    ...updates(images, [...encoder, heads]),
  ];

  const pixelError: Operation = { kind: "pixelError", logits: output.out, target: images };
  const evaluate: Operation[] = network.variational
    ? [
        { kind: "gather", out: images },
        ...encode,
        { kind: "latentStatistics", statistics: heads.out },
        ...latentsOf("evaluation"),
        ...decode,
        lossOf(null),
        ...meanLatents,
        ...decode,
        pixelError,
      ]
    : [{ kind: "gather", out: images }, ...encode, ...decode, lossOf(null), pixelError];

  return {
    layers: [...encoder, heads, ...decoder].map((layer) => layer.parameters),
    images,
    latents,
    reconstructions: output.out,
    train: { operations: train },
    evaluate: { operations: evaluate },
    encode: { operations: [...encode, ...meanLatents] },
    decode: { operations: forward(latents, decoder) },
  };
}

/** Layer by layer, for the last one too: product, bias, activation. */
function forward(input: BatchMatrix, layers: readonly PlannedLayer[]): Operation[] {
  return layers.flatMap((layer, index): Operation[] => {
    const from = index === 0 ? input : outOf(layers, index - 1);
    return [
      { kind: "product", input: from, layer: layer.parameters, out: layer.out },
      { kind: "addBias", layer: layer.parameters, out: layer.out },
      { kind: "activate", activation: layer.activation, out: layer.out },
    ];
  });
}

/**
 * The gradients by the layers' inputs, last layer first, each carried through the activation that made the input.
 * `inputGradient` receives the gradient by the first layer's input; null where nobody needs it.
 */
function backward(
  layers: readonly PlannedLayer[],
  inputGradient: BatchMatrix | null,
  inputActivation: DenseLayer["activation"],
  input: BatchMatrix,
): Operation[] {
  return layers
    .map((layer, index): Operation[] => {
      const before = layers[index - 1];
      const out = before?.gradient ?? inputGradient;
      if (out === null) return [];
      return [
        { kind: "inputGradient", gradient: layer.gradient, layer: layer.parameters, out },
        {
          kind: "activateGradient",
          activation: before?.activation ?? inputActivation,
          output: before?.out ?? input,
          gradient: out,
        },
      ];
    })
    .reverse()
    .flat();
}

/** Weights change only after every gradient that needs the old ones has been taken. */
function updates(input: BatchMatrix, layers: readonly PlannedLayer[]): Operation[] {
  return layers
    .map((layer, index): Operation[] => {
      const from = index === 0 ? input : outOf(layers, index - 1);
      return [
        { kind: "weightGradient", input: from, gradient: layer.gradient, layer: layer.parameters },
        { kind: "biasGradient", gradient: layer.gradient, layer: layer.parameters },
        { kind: "adam", layer: layer.parameters },
      ];
    })
    .reverse()
    .flat();
}

function planLayer(heads: readonly DenseLayer[]): PlannedLayer {
  const first = lastOf(heads.slice(0, 1));
  const name = heads.map((head) => head.name).join("+");
  const blocks = heads.map((head) => head.outputs);
  return {
    parameters: {
      name,
      inputs: first.inputs,
      blocks,
      tensors: heads.map((head) => ({ weight: `${head.name}.weight`, bias: `${head.name}.bias` })),
    },
    activation: first.activation,
    out: { name, blocks },
    gradient: { name: `${name}.gradient`, blocks },
  };
}

function matrix(name: string, columns: number): BatchMatrix {
  return { name, blocks: [columns] };
}

function outOf(layers: readonly PlannedLayer[], index: number): BatchMatrix {
  return lastOf(layers.slice(0, index + 1)).out;
}

function lastOf<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new RangeError("a network has at least one layer on each side");
  return item;
}
