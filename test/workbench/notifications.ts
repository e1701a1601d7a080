/** Notifications, as toasts in the corner. */
import type { Locator, Page } from "playwright-core";
import { exactly } from "./exactly.ts";

export class Notifications {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Waits for a message that matches. */
  async waitFor(pattern: RegExp, seconds = 30): Promise<string> {
    const toast = this.#like(pattern);
    await toast.waitFor({ timeout: seconds * 1000 });
    return toast.locator(".notification-list-item-message").innerText();
  }

  /** The buttons of the message that matches. */
  async buttons(pattern: RegExp): Promise<string[]> {
    return this.#like(pattern)
      .locator(".notification-list-item-buttons-container .monaco-button")
      .allInnerTexts();
  }

  async press(pattern: RegExp, button: string): Promise<void> {
    await this.#like(pattern).hover();
    await this.#like(pattern)
      .locator(".monaco-button")
      .filter({ hasText: exactly(button) })
      .click();
  }

  /** Closes all. */
  async dismiss(): Promise<void> {
    while ((await this.#toasts.count()) > 0) {
      await this.#toasts.first().hover();
      await this.#toasts.first().locator(".codicon-notifications-clear").click();
    }
  }

  get #toasts(): Locator {
    return this.#page.locator(".notification-toast .notification-list-item");
  }

  #like(pattern: RegExp): Locator {
    return this.#toasts.filter({ hasText: pattern }).first();
  }
}
