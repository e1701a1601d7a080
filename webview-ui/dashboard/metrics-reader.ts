/**
 * Reads metrics.jsonl from pieces that may end anywhere. A file holds 100,000 step lines and more, so these are
 * checked by hand; the validator sees the epochs only.
 */
import { type MetricsLine, metricsLineSchema } from "../../src/contract/run.ts";

/** No line of ours is longer; what is, is no metrics file. */
const maximumLineLength = 4_000_000;

export class MetricsReader {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #dropped = 0;

  /** Lines that did not parse so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The lines that `bytes` completes. `last`: what follows the last line break is a line, too. */
  read(bytes: Uint8Array, last: boolean): MetricsLine[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: !last });
    const lines: MetricsLine[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#parse(text.slice(start, end), lines);
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (last || this.#rest.length > maximumLineLength) {
      this.#parse(this.#rest, lines);
      this.#rest = "";
    }
    return lines;
  }

  #parse(text: string, lines: MetricsLine[]): void {
    if (text.trim() === "") return;
    const line = parseLine(text);
    if (line === null) this.#dropped += 1;
    else lines.push(line);
  }
}

function parseLine(text: string): MetricsLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (isStep(value)) return value;
  const parsed = metricsLineSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

type StepLine = Extract<MetricsLine, { event: "step" }>;

function isStep(value: unknown): value is StepLine {
  if (typeof value !== "object" || value === null) return false;
  const { event, step, epoch, train, imagesPerSecond }: Partial<Record<keyof StepLine, unknown>> = value;
  if (event !== "step" || typeof train !== "object" || train === null) return false;
  const { loss, reconstruction, kl }: Partial<Record<keyof StepLine["train"], unknown>> = train;
  return [step, epoch, imagesPerSecond, loss, reconstruction, kl].every(Number.isFinite);
}
