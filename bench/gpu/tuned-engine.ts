/** Our engine with the fastest tile for every product, of which a training measures some and the next ones the others. */
import type { Engine } from "../../src/ml/engine/engine.ts";
import { createWebgpuEngine } from "../../src/ml/engine/webgpu/webgpu-engine.ts";

/** More than all of them take. */
const tuningSeconds = 60;

export function createTunedEngine(): Engine {
  return createWebgpuEngine({ tuningSeconds });
}
