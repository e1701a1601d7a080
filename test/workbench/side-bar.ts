/** The side bar: view containers and the rows of their trees. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { ContextMenu } from "./context-menu.ts";

export class SideBar {
  readonly #page: Page;
  readonly #menu: ContextMenu;

  constructor(page: Page) {
    this.#page = page;
    this.#menu = new ContextMenu(page);
  }

  /** Waits until there is a view container of this title. */
  async waitFor(title: string): Promise<void> {
    await this.#tab(title).waitFor();
  }

  /** Shows a view container by its title. */
  async show(title: string): Promise<void> {
    const tab = this.#tab(title);
    if ((await tab.getAttribute("aria-selected")) !== "true") await tab.click();
    await this.#page.locator(".sidebar .composite.title").filter({ hasText: title }).waitFor();
  }

  /** The rows of the trees that are shown, as a screen reader says them, as soon as there are any. */
  async rows(): Promise<string[]> {
    return eventually("rows in the side bar", async () => {
      // All at once: a row may be gone when another has been asked.
      return this.#rows.evaluateAll((rows) => rows.map((row) => row.getAttribute("aria-label") ?? ""));
    });
  }

  /** What a view without rows says. */
  async welcome(): Promise<string> {
    return this.#page.locator(".sidebar .welcome-view-content:visible").first().innerText();
  }

  async click(row: string | RegExp): Promise<void> {
    await this.#row(row).click();
  }

  /** Selects `row`, and `others` with it. A tree that is drawn anew meanwhile forgets what was selected. */
  async select(row: string, ...others: readonly string[]): Promise<void> {
    await eventually(`${row} and ${others.join()} selected`, async () => {
      await this.#row(row).click();
      for (const other of others) await this.#row(other).click({ modifiers: ["ControlOrMeta"] });
      await this.#page.waitForTimeout(500);
      return (
        (await this.#rows.and(this.#page.locator('[aria-selected="true"]')).count()) === 1 + others.length
      );
    });
  }

  async offers(row: string | RegExp): Promise<string[]> {
    return this.#menu.read(this.#row(row));
  }

  async choose(row: string | RegExp, command: string): Promise<void> {
    await this.#menu.choose(this.#row(row), command);
  }

  #tab(title: string): Locator {
    return this.#page.locator(`.activitybar .action-item[role="tab"]:has([aria-label^="${title}"])`).first();
  }

  get #rows(): Locator {
    return this.#page.locator(".sidebar .pane-body .monaco-list-row:visible");
  }

  #row(text: string | RegExp): Locator {
    return this.#rows.filter({ hasText: text }).first();
  }
}
