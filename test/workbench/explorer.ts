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

  async waitFor(name: string): Promise<void> {
    await this.#file(name).waitFor();
  }

  /** Selects one file, or several as with Ctrl held. */
  async select(...names: string[]): Promise<void> {
    const isSelected = async (name: string) =>
      (await this.#file(name).getAttribute("aria-selected")) === "true";
    await eventually(`${names.join(", ")} selected`, async () => {
      for (const [index, name] of names.entries()) {
        if (await isSelected(name)) continue;
        await this.#file(name).click(index === 0 ? {} : { modifiers: ["Control"] });
        // The preview of the first one moves things, and may take a click, or what was selected, with it.
        await this.#page.waitForTimeout(300);
      }
      const selected = await Promise.all(names.map(isSelected));
      return selected.every((is) => is);
    });
  }

  async open(name: string): Promise<void> {
    await this.#file(name).dblclick();
  }

  /** What a right click on the file offers. */
  async offers(name: string): Promise<string[]> {
    return this.#menu.read(this.#file(name));
  }

  /** Right-clicks the file (one of those selected, if several are) and chooses from the menu. */
  async choose(name: string, command: string): Promise<void> {
    await this.#menu.choose(this.#file(name), command);
  }

  #file(name: string): Locator {
    return this.#page.locator(".explorer-folders-view .monaco-list-row").filter({
      has: this.#page.locator(".label-name").filter({ hasText: exactly(name) }),
    });
  }
}
