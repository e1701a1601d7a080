/** The menu that a right click opens. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { exactly } from "./exactly.ts";

export class ContextMenu {
  readonly #page: Page;
  readonly #labels: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#labels = page.locator(".context-view .monaco-menu .action-item:not(.disabled) .action-label");
  }

  /** What a right click on `target` offers. */
  async read(target: Locator): Promise<string[]> {
    await this.#openOn(target);
    const labels = await this.#labels.allInnerTexts();
    await this.#close();
    return labels.map((label) => label.trim()).filter((label) => label !== "");
  }

  /** Right-clicks `target` and chooses from the menu, as soon as that is offered. */
  async choose(target: Locator, command: string): Promise<void> {
    const label = this.#labels.filter({ hasText: exactly(command) });
    await eventually(`${command} offered`, async () => {
      await this.#openOn(target);
      if ((await label.count()) > 0) return true;
      await this.#close();
      return false;
    });
    // A menu that has only just opened takes no click: it is clicked until it has gone.
    await eventually(`${command} chosen`, async () => {
      await label.click({ timeout: 1000 }).catch(() => undefined);
      await this.#page.waitForTimeout(200);
      return (await label.count()) === 0;
    });
  }

  /** Right-clicks until there is a menu: a hover that is about to show may take the first click. */
  async #openOn(target: Locator): Promise<void> {
    await eventually("a context menu", async () => {
      await target.click({ button: "right" });
      const first = this.#labels.first();
      await first.waitFor({ timeout: 1500 }).catch(() => this.#page.keyboard.press("Escape"));
      return first.isVisible();
    });
  }

  async #close(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#labels.first().waitFor({ state: "hidden" });
  }
}
