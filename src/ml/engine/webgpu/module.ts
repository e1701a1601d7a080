/**
 * Dispatches: jobs that do not wait for each other run side by side, in one kernel whose workgroups are shared out
 * among them. A step of the VAE 784-400-20-400-784 takes six.
 *
 * Steps are counted in GPU memory, so that many steps run without the host. Every dispatch has a counter of its own,
 * and the dispatch after it counts it up: none is ever read and written at once.
 */
import type { LoweredJob } from "./lowering.ts";
import { functionsFor } from "./wgsl/functions.ts";
import { lanes, prelude } from "./wgsl/prelude.ts";

export interface Dispatch {
  /** What its jobs do, for people. */
  readonly name: string;
  readonly source: string;
  readonly groups: readonly [number, number];
}

/** Workgroups along one axis, at most, on every GPU. */
const mostGroups = 65_535;

/** `pixelWords`: 32-bit words of an image in the dataset. */
export function dispatchesOf(jobs: readonly LoweredJob[], pixelWords: number): readonly Dispatch[] {
  const levels = levelsOf(jobs);
  return levels.map((level, index) => moduleOf(level, index, levels.length, pixelWords));
}

/** What the counters hold before the first step: the last dispatch's is counted up by the first. */
export function initialCounters(dispatches: number): Uint32Array<ArrayBuffer> {
  const counters = new Uint32Array(dispatches);
  if (dispatches > 1) counters[dispatches - 1] = 0xffff_ffff;
  return counters;
}

/** Each job as early as what it reads and writes allows. */
function levelsOf(jobs: readonly LoweredJob[]): readonly (readonly LoweredJob[])[] {
  const levels: LoweredJob[][] = [];
  for (const job of jobs) {
    const last = levels.findLastIndex((level) => level.some((earlier) => conflicts(earlier, job)));
    const level = levels[last + 1];
    if (level === undefined) levels.push([job]);
    else level.push(job);
  }
  return levels;
}

function conflicts(earlier: LoweredJob, later: LoweredJob): boolean {
  const written = (thing: object) => earlier.writes.includes(thing);
  return (
    later.reads.some(written) || later.writes.some((thing) => written(thing) || earlier.reads.includes(thing))
  );
}

function moduleOf(jobs: readonly LoweredJob[], index: number, count: number, pixelWords: number): Dispatch {
  const shared = Math.max(...jobs.map(({ job }) => job.shared));
  const kernels = jobs.map(({ job }, position) => job.source(`job${position}`)).join("\n");
  let first = 0;
  const calls = jobs.map(({ job }, position) => {
    const start = first;
    first += job.groups;
    return `if (group < ${first}u) { job${position}(group - ${start}u, lane, step); }`;
  });
  const counter = (dispatch: number) => `counters[${dispatch}]`;
  const before = (index + count - 1) % count;
  const countUp = count > 1 ? `if (group == 0u && lane == 0u) { ${counter(before)} += 1u; }` : "";
  return {
    name: jobs.map(({ name }) => name).join(" | "),
    groups: [Math.min(first, mostGroups), Math.ceil(first / mostGroups)],
    source: `${prelude(shared, pixelWords)}${functionsFor(kernels)}${kernels}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.x + id.y * ${mostGroups}u;
  let step = ${counter(index)};
  ${countUp}
  ${calls.join("\n  else ")}
}
`,
  };
}
