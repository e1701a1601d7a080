/** Kernels that go through a matrix four elements at a time, each invocation at its own. */
import type { Job } from "./job.ts";
import { lossVariables } from "./losses.ts";
import { lanes } from "./prelude.ts";
import { sumOverGroup } from "./reduction.ts";

/** Runs `body`, WGSL statements that may use row, quad and step, for every one of rows × quads places. */
export function eachQuad(rows: number, quads: number, body: string): Job {
  return {
    groups: groupsFor(rows, quads),
    shared: 0,
    source: (name) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let index = group * ${lanes}u + lane;
  let row = index / ${quads}u;
  let quad = index % ${quads}u;
  if (row < ${rows}u) { ${body} }
}`,
  };
}

/** As eachQuad, for statements that add to `lossSum` (see losses.ts): one partial sum per workgroup, from `partials` on. */
export function eachLoss(rows: number, quads: number, partials: number, body: string): Job {
  return {
    groups: groupsFor(rows, quads),
    shared: lanes,
    source: (name) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  ${lossVariables}
  let index = group * ${lanes}u + lane;
  let row = index / ${quads}u;
  let quad = index % ${quads}u;
  if (row < ${rows}u) { ${body} }
  ${sumOverGroup("lossSum", storePartial(partials))}
}`,
  };
}

/** WGSL: keeps a workgroup's `total`. */
export function storePartial(partials: number): string {
  return `activations[${partials}u + group] = total;`;
}

export function groupsFor(rows: number, quads: number): number {
  return Math.ceil((rows * quads) / lanes);
}
