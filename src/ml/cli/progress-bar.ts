/**
 * One line on a terminal that says how far training is, drawn over and over in place. Only how it looks and when it
 * is drawn: the numbers come from the events that the run itself reports.
 */
import type { Output } from "./terminal.ts";
import { durationInWords, lossInWords, rounded } from "./words.ts";

/** Seen as smooth, and cheap. */
const redrawMilliseconds = 50;
const clearLine = "\r\u001B[2K";

export interface Progress {
  /** "epoch 2/5". */
  readonly label: string;
  /** 0 to 1. */
  readonly fraction: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

export interface BarSymbols {
  readonly done: string;
  readonly left: string;
}

/** Box-drawing lines where the terminal's character set has them, ASCII elsewhere. */
export function barSymbols(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): BarSymbols {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || "";
  const unicode = platform === "win32" || platform === "darwin" || /utf-?8/i.test(locale);
  return unicode ? { done: "━", left: "─" } : { done: "#", left: "." };
}

/**
 * The line, at most `columns − 1` wide: a full last column would wrap on some terminals. What fits least is left out
 * first: the speed, then the loss, then the bar.
 */
export function renderProgress(progress: Progress, columns: number, symbols: BarSymbols): string {
  const fraction = Math.min(1, Math.max(0, progress.fraction));
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)}%`;
  const loss = `loss ${lossInWords(progress.loss)}`;
  const speed = `${rounded(progress.imagesPerSecond)} images/s`;
  const left = `${durationInWords(progress.secondsLeft)} left`;
  const choices = [[percent, loss, speed, left], [percent, loss, left], [percent, left], [percent]];
  const room = Math.max(0, columns - 1);
  for (const details of choices) {
    const text = details.join("  ");
    const width = Math.min(30, room - progress.label.length - text.length - 4);
    if (width < 8) continue;
    const done = Math.round(fraction * width);
    return `${progress.label}  ${symbols.done.repeat(done)}${symbols.left.repeat(width - done)}  ${text}`;
  }
  return `${progress.label} ${percent}`.slice(0, room);
}

export class ProgressBar {
  readonly #output: Output;
  readonly #symbols: BarSymbols;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(output: Output, symbols: BarSymbols) {
    this.#output = output;
    this.#symbols = symbols;
  }

  /** Draws, unless it was drawn a moment ago or nobody is looking. */
  update(progress: Progress): void {
    this.#draw((columns) => renderProgress(progress, columns, this.#symbols));
  }

  /** Draws a line of other words in the same place: "downloading MNIST 3.1 of 11.6 MB". */
  note(text: string): void {
    this.#draw((columns) => text.slice(0, Math.max(0, columns - 1)));
  }

  /** Takes the bar away, so that a line can be written where it stood. */
  clear(): void {
    if (this.#shown) this.#output.write(clearLine);
    this.#shown = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #draw(render: (columns: number) => string): void {
    const now = performance.now();
    if (!this.#output.isLive || now - this.#drawnAt < redrawMilliseconds) return;
    this.#drawnAt = now;
    this.#shown = true;
    this.#output.write(clearLine + render(this.#output.columns));
  }
}
