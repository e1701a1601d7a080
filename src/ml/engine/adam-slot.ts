/**
 * Adam's bias corrections for one step, in float64: what the kernels need beyond the moments themselves.
 */
import type { Network } from "../model/network.ts";

/**
 * [step size, correction of √v, epsilon, 0] for step `t` (from 1), so that w −= stepSize · m / (√v · correction + ε).
 * With epsilon "corrected" (Kingma and Ba 2015, algorithm 1; PyTorch): lr/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε).
 * With "uncorrected" (section 2 there; Keras): lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε), which is the same with ε/√(1−β₂ᵗ).
 */
export function adamSlot(
  optimizer: Network["optimizer"],
  t: number,
): readonly [number, number, number, number] {
  const { learningRate, beta1, beta2, epsilon, epsilonPlacement } = optimizer;
  const correction = 1 / Math.sqrt(1 - beta2 ** t);
  const held = epsilonPlacement === "corrected" ? epsilon : epsilon * correction;
  return [learningRate / (1 - beta1 ** t), correction, held, 0];
}
