/**
 * Parameters and Adam's moments as TensorFlow.js's variables, under the network's names and in its shapes, and the
 * step that Adam takes on them.
 */
import type { NamedTensorMap, Variable } from "@tensorflow/tfjs-core";
import { Failure } from "../../../contract/failure.ts";
import { initialParameters } from "../../model/initialise.ts";
import { type Network, networkTensors } from "../../model/network.ts";
import { adamSlot } from "../adam-slot.ts";
import type { TensorState } from "../engine.ts";
import type { Tensorflow } from "./library.ts";

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Variable;
  readonly firstMoment: Variable;
  readonly secondMoment: Variable;
}

const parts = ["value", "firstMoment", "secondMoment"] as const satisfies readonly (keyof TensorState)[];

export class ParameterVariables {
  readonly #tf: Tensorflow;
  readonly #optimizer: Network["optimizer"];
  readonly #parameters: readonly Parameter[];

  /** Values start from the network's initialisation and seed, moments from zero. */
  constructor(tf: Tensorflow, network: Network) {
    this.#tf = tf;
    this.#optimizer = network.optimizer;
    const initial = initialParameters(network);
    this.#parameters = networkTensors(network).map(({ name, shape }) => {
      const variable = (values: Float32Array) =>
        tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), true));
      const value = requireTensor(name, shape, initial.get(name));
      const zeros = () => new Float32Array(value.length);
      return {
        name,
        shape,
        value: variable(value),
        firstMoment: variable(zeros()),
        secondMoment: variable(zeros()),
      };
    });
  }

  /** The values, by tensor name. */
  values(): ReadonlyMap<string, Variable> {
    return new Map(this.#parameters.map(({ name, value }) => [name, value]));
  }

  /** Takes step `t`, counted from 1, on all parameters. `gradients`: by the variables' own names. */
  applyAdam(gradients: NamedTensorMap, t: number): void {
    const tf = this.#tf;
    const { beta1, beta2 } = this.#optimizer;
    tf.tidy(() => {
      const [stepSize, correction, epsilon] = adamSlot(this.#optimizer, t).map((value) => tf.scalar(value));
      const [keep1, take1, keep2, take2] = [beta1, 1 - beta1, beta2, 1 - beta2].map((beta) =>
        tf.scalar(beta),
      );
      if (!stepSize || !correction || !epsilon || !keep1 || !take1 || !keep2 || !take2) return;
      for (const { value, firstMoment, secondMoment } of this.#parameters) {
        const gradient = gradients[value.name];
        if (gradient === undefined) throw new RangeError(`no gradient of ${value.name}`);
        const m = tf.add(tf.mul(firstMoment, keep1), tf.mul(gradient, take1));
        const v = tf.add(tf.mul(secondMoment, keep2), tf.mul(tf.square(gradient), take2));
        const divisor = tf.add(tf.mul(tf.sqrt(v), correction), epsilon);
        firstMoment.assign(m);
        secondMoment.assign(v);
        value.assign(tf.sub(value, tf.div(tf.mul(m, stepSize), divisor)));
      }
    });
  }

  async read(): Promise<Map<string, TensorState>> {
    const tensors = new Map<string, TensorState>();
    // Copies: the pure JavaScript backend hands out the memory it computes in.
    const copy = async (variable: Variable) => Float32Array.from(await variable.data<"float32">());
    for (const { name, value, firstMoment, secondMoment } of this.#parameters)
      tensors.set(name, {
        value: await copy(value),
        firstMoment: await copy(firstMoment),
        secondMoment: await copy(secondMoment),
      });
    return tensors;
  }

  /** Throws a Failure (run-invalid) unless there are values of the right sizes for every tensor. */
  write(tensors: ReadonlyMap<string, TensorState>): void {
    const states = this.#parameters.map((parameter) => {
      const state = tensors.get(parameter.name);
      for (const part of parts) requireTensor(parameter.name, parameter.shape, state?.[part]);
      return { parameter, state };
    });
    for (const { parameter, state } of states)
      for (const part of parts) {
        const values = Float32Array.from(state?.[part] ?? []);
        this.#tf.tidy(() => parameter[part].assign(this.#tf.tensor(values, [...parameter.shape])));
      }
  }

  dispose(): void {
    for (const parameter of this.#parameters) for (const part of parts) parameter[part].dispose();
  }
}

function requireTensor(
  name: string,
  shape: readonly number[],
  values: Float32Array | undefined,
): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (values?.length === count) return values;
  throw new Failure(
    "run-invalid",
    `${name} has ${values?.length ?? "no"} values where the network needs ${count}`,
    "The weights belong to another experiment.",
  );
}
