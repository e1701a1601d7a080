/**
 * Reads metrics.jsonl from pieces that may end anywhere. Step lines, of which a panel has to take 100,000 and the
 * extension host has no time for, are read by a pattern where they look exactly as ours do; a validator would take
 * many times as long. Everything else goes to it.
 */
import { type MetricsLine, metricsLineSchema } from "../../contract/run.ts";

const number = "(-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)";
/** A step's line as the training process writes it. Finds it at `lastIndex` and nowhere else. */
const stepLine = new RegExp(
  `\\{"event":"step","step":${number},"epoch":${number},"train":\\{"loss":${number},"reconstruction":${number},"kl":${number}\\},"imagesPerSecond":${number}\\}\\n`,
  "y",
);

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

  /** The lines that `bytes` completes; what follows the last line break waits for its end. */
  read(bytes: Uint8Array): MetricsLine[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const lines: MetricsLine[] = [];
    let start = 0;
    for (;;) {
      stepLine.lastIndex = start;
      const step = stepLine.exec(text);
      if (step !== null) {
        lines.push(stepOf(step));
        start = stepLine.lastIndex;
        continue;
      }
      const end = text.indexOf("\n", start);
      if (end < 0) break;
      this.#parse(text.slice(start, end), lines);
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > maximumLineLength) {
      this.#dropped += 1;
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
  const parsed = metricsLineSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function stepOf(found: RegExpExecArray): MetricsLine {
  const [, step, epoch, loss, reconstruction, kl, imagesPerSecond] = found;
  return {
    event: "step",
    step: Number(step),
    epoch: Number(epoch),
    train: { loss: Number(loss), reconstruction: Number(reconstruction), kl: Number(kl) },
    imagesPerSecond: Number(imagesPerSecond),
  };
}
