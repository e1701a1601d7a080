/** The status bar's items. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";

export class StatusBar {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Texts of the items that can be seen. */
  async texts(): Promise<string[]> {
    const texts = await this.#page.locator(".statusbar-item:visible").allInnerTexts();
    return texts.map((text) => text.replaceAll(/\s+/g, " ").trim()).filter((text) => text !== "");
  }

  /** The text of the first item that matches, as soon as there is one. */
  async textLike(pattern: RegExp, seconds = 30): Promise<string> {
    return eventually(
      `a status bar item like ${pattern}`,
      async () => (await this.texts()).find((text) => pattern.test(text)),
      seconds,
    );
  }

  /** Whether the item's icon spins. */
  async spins(pattern: RegExp): Promise<boolean> {
    return (await this.#item(pattern).locator(".codicon-modifier-spin").count()) > 0;
  }

  async click(pattern: RegExp): Promise<void> {
    await this.#item(pattern).locator("a").first().click();
  }

  /** What is said when the pointer rests on the item. Of an item that changes, the box may come empty, or go. */
  async tooltip(pattern: RegExp): Promise<string> {
    const boxes = this.#page.locator(".workbench-hover-container .workbench-hover:visible");
    return eventually(`a tooltip of ${pattern}`, async () => {
      await this.#item(pattern).hover();
      return (await boxes.allInnerTexts()).find((text) => text.trim() !== "");
    });
  }

  #item(pattern: RegExp): Locator {
    return this.#page.locator(".statusbar-item").filter({ hasText: pattern }).first();
  }
}
