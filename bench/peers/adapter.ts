/**
 * Which GPU an engine here would take. In a process of its own: a driver may crash, or never answer. Answers every
 * request with its name, its driver and whether it computes in software.
 */
import { Failure } from "../../src/contract/failure.ts";
import { findAdapter, parseWishes } from "../../src/ml/engine/webgpu/adapter.ts";
import { declareUnavailable, serve } from "./protocol.ts";

try {
  const { name, driver, software } = await findAdapter(parseWishes(process.env.LATENT_LAB_WEBGPU));
  await serve(name, async () => ({ name, driver, software }));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  declareUnavailable(`${error.message}. ${error.hint}`);
}
