/**
 * The parts of the benchmark, the most valuable first, and how much of a limited time each may take. The curve costs
 * seconds and says whether what is timed afterwards trains the right model.
 */
export type PartName = "curve" | "eager" | "cuda-graph" | "launches" | "compiled" | "cpu";

export interface Part {
  readonly name: PartName;
  readonly title: string;
  /** Seconds in which an H200 makes five rounds, without which it is not worth beginning. */
  readonly least: number;
}

export const parts: readonly Part[] = [
  { name: "curve", title: "a training from the start", least: 25 },
  { name: "eager", title: "an epoch, and one of PyTorch as people write it", least: 55 },
  { name: "cuda-graph", title: "the same, and a step of PyTorch as a CUDA graph", least: 50 },
  { name: "launches", title: "from the command to the first step", least: 25 },
  { name: "compiled", title: "the same, and torch.compile, also within a CUDA graph", least: 165 },
  { name: "cpu", title: "the same, and our CPU engine", least: 20 },
];

/**
 * Seconds that the part at `index` may take of those `left`: all that the later ones do not need for their least, and
 * its own least in any case. null: there is not as much.
 */
export function secondsFor(all: readonly Pick<Part, "least">[], index: number, left: number): number | null {
  const least = all[index]?.least ?? 0;
  if (left < least) return null;
  const later = all.slice(index + 1).reduce((sum, part) => sum + part.least, 0);
  return Math.max(least, left - later);
}
