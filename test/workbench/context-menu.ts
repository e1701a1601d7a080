/** The menu that a right click opens. */
import type { Locator, Page } from "playwright-core";
import { exactly } from "./exactly.ts";

export class ContextMenu {
  readonly #page: Page;
  readonly #labels: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#labels = page.locator(".context-view .monaco-menu .action-item:not(.disabled) .action-label");
  }

  async readAndClose(): Promise<string[]> {
    await this.#labels.first().waitFor();
    const labels = await this.#labels.allInnerTexts();
    await this.#page.keyboard.press("Escape");
    await this.#labels.first().waitFor({ state: "hidden" });
    return labels.map((label) => label.trim()).filter((label) => label !== "");
  }

  async choose(command: string): Promise<void> {
    await this.#labels.filter({ hasText: exactly(command) }).click();
  }
}
