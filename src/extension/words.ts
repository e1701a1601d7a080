/** Numbers and states as people read them in lists, the status bar and notifications. */
import type { RunState } from "../contract/view.ts";

/** Four significant digits: 110.1, 0.08312. */
export function lossInWords(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return loss === 0 ? "0" : Number(loss.toPrecision(4)).toString();
}

/** "45 s", "3 min", "1 h 5 min". */
export function durationInWords(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 43,218 → "43,000". */
export function roughly(count: number): string {
  return Number(count.toPrecision(2)).toLocaleString("en-US");
}

export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const states: Readonly<Record<RunState, string>> = {
  preparing: "getting ready",
  training: "training",
  stopping: "stopping",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  killed: "ended unexpectedly",
};

export function stateInWords(state: RunState): string {
  return states[state];
}
