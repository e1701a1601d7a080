/** Adding up: one number per invocation to one per workgroup, and one per workgroup to one per step. */
import type { Job } from "./job.ts";
import { lanes } from "./prelude.ts";

const width = 16;

/**
 * WGSL statements, in uniform control flow: the sum over the workgroup of the vec4f `value`, in a fixed order, given
 * to `store`, statements that may use `total`, run by one invocation. Uses `lanes` vec4f of workgroup memory.
 */
export function sumOverGroup(value: string, store: string): string {
  return `{ workgroupBarrier();
  tile[lane] = ${value};
  workgroupBarrier();
  var part = vec4f();
  if (lane < ${width}u) { for (var i = 0u; i < ${lanes / width}u; i++) { part += tile[i * ${width}u + lane]; } }
  workgroupBarrier();
  if (lane < ${width}u) { tile[lane] = part; }
  workgroupBarrier();
  if (lane == 0u) { var total = vec4f(); for (var i = 0u; i < ${width}u; i++) { total += tile[i]; } ${store} } }`;
}

/** Where kernels leave one number per workgroup or row, each in a vec4f of its own, and what they add up to. */
export interface Partials {
  /** First vec4f in `activations`. */
  readonly at: number;
  readonly count: number;
  /** Word of the step's result slot that receives the sum. */
  readonly word: number;
}

/** Adds up partials of all kinds; one workgroup each. `slot`: words in a step's result slot. */
export function totalsJob(partials: readonly Partials[], slot: number): Job {
  const one = ({ at, count, word }: Partials, index: number) => `if (group == ${index}u) {
    for (var i = lane; i < ${count}u; i += ${lanes}u) { sum += activations[${at}u + i]; }
    to = step * ${slot}u + ${word}u;
  }`;
  return {
    groups: partials.length,
    shared: lanes,
    source: (name) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  var sum = vec4f();
  var to = 0u;
  ${partials.map(one).join("\n  ")}
  ${sumOverGroup("sum", "results[to] = total.x;")}
}`,
  };
}
