/** Lowering of what a dense layer multiplies: forward, the gradient by its input, and the gradient by its parameters. */
import type { BatchMatrix, LayerParameters, Operation } from "../../model/program.ts";
import { RECONSTRUCTION } from "./control-words.ts";
import type { LoweredJob, Lowering } from "./lowering.ts";
import { activated, throughActivation } from "./wgsl/activations.ts";
import { storePartial } from "./wgsl/elementwise.ts";
import { backwardProduct, forwardProduct, type LayerProduct, updateProduct } from "./wgsl/layer-products.ts";
import { lossVariables, reconstructionLoss } from "./wgsl/losses.ts";
import { biasQuad, layerQuad, matrixQuad } from "./wgsl/matrix.ts";
import { productJob } from "./wgsl/product.ts";
import { sumOverGroup } from "./wgsl/reduction.ts";
import type { PartialRows } from "./wgsl/rows.ts";
import { type Tile, tileGroups } from "./wgsl/tile.ts";
import { adamOperands, adamStep } from "./wgsl/update.ts";

export type ProductOperation = Extract<
  Operation,
  {
    kind: "product" | "dense" | "inputGradient" | "denseInputGradient" | "weightGradient" | "denseUpdate";
  }
>;

type Of<Kind extends ProductOperation["kind"]> = Extract<ProductOperation, { kind: Kind }>;

/** What reads a product's result; a chain can add it up from parts. */
export type End = "matrix" | "chain";

/** What is made of a product, element by element. */
interface Finish {
  /** What it reads, by its name. */
  readonly given: Readonly<Record<string, string>>;
  /** WGSL statements before, and the finished value. */
  readonly before?: string;
  readonly value: string;
  readonly reads: readonly object[];
}

export function lowerProduct(lowering: Lowering, operation: ProductOperation, end: End): LoweredJob {
  switch (operation.kind) {
    case "product":
      return product(lowering, operation);
    case "dense":
      return dense(lowering, operation, end);
    case "inputGradient":
      return inputGradient(lowering, operation);
    case "denseInputGradient":
      return denseInputGradient(lowering, operation, end);
    case "weightGradient":
      return weightGradient(lowering, operation);
    case "denseUpdate":
      return denseUpdate(lowering, operation);
    default:
      return operation satisfies never;
  }
}

function product(lowering: Lowering, { kind, input, layer, out }: Of<"product">): LoweredJob {
  const placed = lowering.matrix(out);
  const forward = forwardOf(lowering, input, layer);
  const job = productJob(
    { ...forward, after: `${matrixQuad(placed, "row", "quad")} = value;` },
    lowering.tile("forward", forward, input),
  );
  return { name: kind, job, reads: lowering.read(input, layer), writes: [out] };
}

function inputGradient(lowering: Lowering, { kind, gradient, layer, out }: Of<"inputGradient">): LoweredJob {
  const placed = lowering.matrix(out);
  const backward = backwardOf(lowering, gradient, layer);
  const job = productJob(
    { ...backward, after: `${matrixQuad(placed, "row", "quad")} = value;` },
    lowering.tile("inputGradient", backward, gradient),
  );
  return { name: kind, job, reads: [gradient, layer], writes: [out] };
}

function denseInputGradient(
  lowering: Lowering,
  { kind, gradient, layer, activation, output, out }: Of<"denseInputGradient">,
  end: End,
): LoweredJob {
  const backward = backwardOf(lowering, gradient, layer);
  const tile = lowering.tile("inputGradient", backward, gradient, end);
  const { job, writes } = finished(lowering, backward, tile, out, {
    given: { y: matrixQuad(lowering.matrix(output), "row", "quad") },
    value: throughActivation(activation, "value", "y"),
    reads: [output],
  });
  return { name: kind, job, reads: [gradient, layer, output], writes };
}

function weightGradient(
  lowering: Lowering,
  { kind, input, gradient, layer }: Of<"weightGradient">,
): LoweredJob {
  const placed = lowering.layer(layer);
  const update = updateOf(lowering, input, gradient, layer, false);
  const job = productJob(
    { ...update, after: `${layerQuad(placed, "gradient", "row")} = value;` },
    lowering.tile("update", update, input),
  );
  return { name: kind, job, reads: lowering.read(input, gradient), writes: [layer] };
}

function denseUpdate(lowering: Lowering, { kind, input, gradient, layer }: Of<"denseUpdate">): LoweredJob {
  const placed = lowering.layer(layer);
  const update = updateOf(lowering, input, gradient, layer, true);
  const job = productJob(
    { ...update, given: adamOperands(placed), after: adamStep(lowering.network, placed) },
    lowering.tile("update", update, input),
  );
  return { name: kind, job, reads: lowering.read(input, gradient), writes: [layer] };
}

/** Product, bias, activation; for the last layer the loss, in place of the logits where its gradient is wanted. */
function dense(lowering: Lowering, operation: Of<"dense">, end: End): LoweredJob {
  const { kind, input, layer, out, activation, loss } = operation;
  const bias = biasQuad(lowering.layer(layer));
  const forward = forwardOf(lowering, input, layer);
  if (loss === null) {
    const tile = lowering.tile("forward", forward, input, end);
    const { job, writes } = finished(lowering, forward, tile, out, {
      given: { bias },
      before: "let x = value + bias;",
      value: activated(activation, "x"),
      reads: [layer],
    });
    return { name: kind, job, reads: lowering.read(input, layer), writes };
  }
  const tile = lowering.tile("forward", forward, input, "loss");
  const partials = lowering.countPartials("loss", tileGroups(forward, tile), RECONSTRUCTION);
  const written = loss.gradient ?? out;
  const store = `${matrixQuad(lowering.matrix(written), "row", "quad")} = ${loss.gradient === null ? "logits" : "slope"};`;
  const job = productJob(
    {
      ...forward,
      before: lossVariables,
      given: { bias, pixels: lowering.wanted(loss.target) },
      after: `let logits = value + bias;
      { let value = logits; ${reconstructionLoss(lowering.network, "pixels")} ${store} }`,
      finally: sumOverGroup("lossSum", storePartial(partials)),
    },
    tile,
  );
  return {
    name: kind,
    job,
    reads: lowering.read(input, layer, loss.target),
    writes: [written, lowering.partialSums],
  };
}

/** A product and what follows it element by element: at once, or in the chain that adds up its parts. */
function finished(
  lowering: Lowering,
  layerProduct: LayerProduct,
  tile: Tile,
  out: BatchMatrix,
  { given, before = "", value, reads }: Finish,
): Pick<LoweredJob, "job" | "writes"> {
  const placed = lowering.matrix(out);
  const finish = `${before} ${matrixQuad(placed, "row", "quad")} = ${value};`;
  if (tile.parts === 1)
    return { job: productJob({ ...layerProduct, given, after: finish }, tile), writes: [out] };
  const stride = layerProduct.rows * placed.quads;
  const at = lowering.reserve(`parts of ${out.name}`, tile.parts * stride);
  const rows: PartialRows = {
    kind: "parts",
    columns: placed.columns,
    at,
    count: tile.parts,
    stride,
    quads: placed.quads,
    given,
    finish: `${before} let finished = ${value}; ${matrixQuad(placed, "row", "quad")} = finished;`,
  };
  lowering.unfinished.set(out, { rows, reads: [rows, ...reads] });
  const store = `activations[${at}u + part * ${stride}u + row * ${placed.quads}u + quad] = value;`;
  return { job: productJob({ ...layerProduct, after: store }, tile), writes: [rows] };
}

function forwardOf(lowering: Lowering, input: BatchMatrix, layer: LayerParameters): LayerProduct {
  return forwardProduct(lowering.source(input), lowering.layer(layer), lowering.options.rows);
}

function backwardOf(lowering: Lowering, gradient: BatchMatrix, layer: LayerParameters): LayerProduct {
  return backwardProduct(lowering.source(gradient), lowering.layer(layer), lowering.options.rows);
}

function updateOf(
  lowering: Lowering,
  input: BatchMatrix,
  gradient: BatchMatrix,
  layer: LayerParameters,
  withBias: boolean,
): LayerProduct {
  const sources = [lowering.source(input), lowering.source(gradient)] as const;
  return updateProduct(sources, lowering.layer(layer), lowering.network.batch, withBias);
}
