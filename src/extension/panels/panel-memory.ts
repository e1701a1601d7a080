/**
 * What open panels show, by their titles. A page keeps that itself, but only once it has run; one whose window is
 * reloaded before would be lost.
 */
import type * as vscode from "vscode";
import * as z from "zod/mini";

const memorySchema = z.lazy(() => z.record(z.string(), z.unknown()));

export class PanelMemory {
  readonly #memento: vscode.Memento;
  readonly #key: string;

  /** `key`: what kind of panels these are. */
  constructor(memento: vscode.Memento, key: string) {
    this.#memento = memento;
    this.#key = `panels.${key}`;
  }

  keep(title: string, state: unknown): void {
    this.#write({ ...this.#read(), [title]: state });
  }

  forget(title: string): void {
    const { [title]: _, ...others } = this.#read();
    this.#write(others);
  }

  /** What was kept of a panel with this title; undefined: nothing. */
  recall(title: string): unknown {
    return this.#read()[title];
  }

  #read(): Record<string, unknown> {
    const kept = memorySchema.safeParse(this.#memento.get(this.#key));
    return kept.success ? kept.data : {};
  }

  #write(kept: Record<string, unknown>): void {
    // Without it a panel is lost at most that nobody has seen yet.
    this.#memento.update(this.#key, kept).then(undefined, () => {});
  }
}
