/** Our engine with the fastest tile for every product, which only long trainings take the time to measure. */
import type { Engine } from "../../src/ml/engine/engine.ts";
import { createWebgpuEngine } from "../../src/ml/engine/webgpu/webgpu-engine.ts";

/** More than all of them take. */
const tuningSeconds = 60;

export function createTunedEngine(): Engine {
  return createWebgpuEngine({ tuningSeconds });
}
