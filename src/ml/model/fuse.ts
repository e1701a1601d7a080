/**
 * Fusion: rewrites a Program so that what follows a matrix product is done while its result is still in cache or
 * registers. Results agree with the plain Program's to rounding; test/engine holds the two against each other.
 */
import type { Operation, Plan, Program } from "./program.ts";

export function fusePlan(plan: Plan): Plan {
  return {
    ...plan,
    train: fuse(plan.train),
    evaluate: fuse(plan.evaluate),
    encode: fuse(plan.encode),
    decode: fuse(plan.decode),
  };
}

function fuse(program: Program): Program {
  const operations: Operation[] = [];
  for (let next = 0; next < program.operations.length; ) {
    const window = program.operations.slice(next, next + 4);
    const { operation, length } =
      fuseDense(window) ?? fuseInputGradient(window) ?? fuseUpdate(window) ?? keep(window);
    operations.push(operation);
    next += length;
  }
  return { operations };
}

interface Fused {
  readonly operation: Operation;
  /** How many plain operations it stands for. */
  readonly length: number;
}

function keep([operation]: readonly Operation[]): Fused {
  if (operation === undefined) throw new RangeError("nothing left to fuse");
  return { operation, length: 1 };
}

function fuseDense([product, bias, third]: readonly Operation[]): Fused | null {
  if (product?.kind !== "product" || bias?.kind !== "addBias" || bias.out !== product.out) return null;
  const { input, layer, out } = product;
  const dense = { kind: "dense", input, layer, out, activation: "linear", loss: null } as const;
  if (third?.kind === "activate" && third.out === out)
    return { operation: { ...dense, activation: third.activation }, length: 3 };
  if (third?.kind === "reconstructionLoss" && third.logits === out)
    return {
      operation: { ...dense, loss: { target: third.target, gradient: third.gradient } },
      length: 3,
    };
  return { operation: dense, length: 2 };
}

function fuseInputGradient([product, through]: readonly Operation[]): Fused | null {
  if (product?.kind !== "inputGradient" || through?.kind !== "activateGradient") return null;
  if (through.gradient !== product.out) return null;
  const { gradient, layer, out } = product;
  const { activation, output } = through;
  return { operation: { kind: "denseInputGradient", gradient, layer, activation, output, out }, length: 2 };
}

function fuseUpdate([weight, bias, adam]: readonly Operation[]): Fused | null {
  if (weight?.kind !== "weightGradient" || bias?.kind !== "biasGradient" || adam?.kind !== "adam")
    return null;
  if (weight.layer !== bias.layer || weight.layer !== adam.layer) return null;
  const { input, gradient, layer } = weight;
  return { operation: { kind: "denseUpdate", input, gradient, layer }, length: 3 };
}
