/** The explorer's files and their context menu. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { ContextMenu } from "./context-menu.ts";
import { exactly } from "./exactly.ts";

export class Explorer {
  readonly #page: Page;
  readonly #menu: ContextMenu;

  constructor(page: Page) {
    this.#page = page;
    this.#menu = new ContextMenu(page);
  }

  /** Names of the files and folders that can be seen, as soon as there are any. */
  async files(): Promise<string[]> {
    const names = this.#page.locator(".explorer-folders-view .monaco-list-row .label-name");
    return eventually("files in the explorer", () => names.allTextContents());
  }

  /** Selects one file, or several as with Ctrl held. */
  async select(...names: string[]): Promise<void> {
    for (const [index, name] of names.entries())
      await this.#file(name).click(index === 0 ? {} : { modifiers: ["Control"] });
  }

  async open(name: string): Promise<void> {
    await this.#file(name).dblclick();
  }

  /** What a right click on the file offers. */
  async offers(name: string): Promise<string[]> {
    await this.#menu.openOn(this.#file(name));
    return this.#menu.readAndClose();
  }

  /** Right-clicks the file (one of those selected, if several are) and chooses from the menu. */
  async choose(name: string, command: string): Promise<void> {
    await this.#menu.openOn(this.#file(name));
    await this.#menu.choose(command);
  }

  #file(name: string): Locator {
    return this.#page.locator(".explorer-folders-view .monaco-list-row").filter({
      has: this.#page.locator(".label-name").filter({ hasText: exactly(name) }),
    });
  }
}
