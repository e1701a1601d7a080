/** Numbers and states as people read them in lists, the status bar and notifications. */
import type { Installing } from "../contract/installing.ts";
import { isLarge, withExponent } from "../contract/large-number.ts";
import type { Preparing } from "../contract/preparing.ts";
import type { RunState } from "../contract/view.ts";

/** Four significant digits: 110.1, 0.08312, 3.134e9. */
export function lossInWords(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return isLarge(loss) ? withExponent(loss, 4) : Number(loss.toPrecision(4)).toString();
}

/** "45 s", "3 min", "1 h 5 min". */
export function durationInWords(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Of what has passed, where short times matter: "26 ms", "1.4 s", "45 s". */
export function elapsedInWords(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : durationInWords(seconds);
}

/** 60000 → "60,000". */
export function countInWords(count: number): string {
  // Not toLocaleString: its first call takes 40 ms, in which the extension host does nothing else.
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** 43,218 → "43,000". */
export function roughly(count: number): string {
  return countInWords(Number(count.toPrecision(2)));
}

export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** "downloading MNIST, 3.1 MB of 11.6 MB". */
export function preparingInWords({ doing, done, total }: Preparing): string {
  if (doing === "download") return `downloading MNIST, ${bytesInWords(done)} of ${bytesInWords(total)}`;
  const percent = total === 0 ? 0 : Math.floor((100 * done) / total);
  return `${doing === "draw" ? "drawing digits" : "reading images"}, ${percent} %`;
}

/** "installing TensorFlow, 310.2 MB so far". */
export function installingInWords({ doing, bytes }: Installing): string {
  if (doing === "try") return "trying TensorFlow out";
  return bytes < 1e6 ? "installing TensorFlow" : `installing TensorFlow, ${bytesInWords(bytes)} so far`;
}

const states: Readonly<Record<RunState, string>> = {
  training: "training",
  stopping: "stopping",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  killed: "interrupted",
};

export function stateInWords(state: RunState): string {
  return states[state];
}
