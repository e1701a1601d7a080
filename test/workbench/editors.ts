/** Editors: tabs, text, squiggles, CodeLens. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { ContextMenu } from "./context-menu.ts";
import { exactly } from "./exactly.ts";
import type { QuickInput } from "./quick-input.ts";

export class Editors {
  readonly #page: Page;
  readonly #quickInput: QuickInput;
  readonly #menu: ContextMenu;

  constructor(page: Page, quickInput: QuickInput) {
    this.#page = page;
    this.#quickInput = quickInput;
    this.#menu = new ContextMenu(page);
  }

  /** Opens a file of the workspace by its name, as Go to File does. A panel that takes the focus closes the box. */
  async open(name: string): Promise<void> {
    await eventually(`${name} picked`, async () => {
      await this.#quickInput.openPalette();
      await this.#page.keyboard.press("Backspace");
      return this.#quickInput.tryPick(name);
    });
    await this.#tab(name).waitFor();
  }

  /** Titles of the open tabs. */
  async tabs(): Promise<string[]> {
    return this.#page.locator(".tabs-container .tab .monaco-icon-label-container").allTextContents();
  }

  async activate(title: string): Promise<void> {
    await this.#tab(title).click();
  }

  /** Right-clicks the tab and chooses from the menu. */
  async chooseOnTab(title: string, command: string): Promise<void> {
    // The tab's hover, when it comes, closes a menu that is there before it.
    await this.#tab(title).hover();
    await this.#page.waitForTimeout(1500);
    await this.#menu.choose(this.#tab(title), command);
  }

  /** The lines of the active text editor that can be seen. */
  async text(): Promise<string> {
    const lines = await this.#active.locator(".view-lines .view-line").all();
    const placed = await Promise.all(
      lines.map(async (line) => ({
        top: (await line.boundingBox())?.y ?? 0,
        text: (await line.textContent()) ?? "",
      })),
    );
    return placed
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text.replaceAll("\u00a0", " "))
      .join("\n");
  }

  /** Types over all there is, and saves. */
  async replaceText(text: string): Promise<void> {
    await this.#active.locator(".view-lines").click();
    await this.#page.keyboard.press("Control+A");
    await this.#page.keyboard.insertText(text);
    await this.#page.keyboard.press("Control+S");
  }

  /** The titles above lines, as soon as there are any. */
  async codeLenses(): Promise<string[]> {
    const lenses = this.#active.locator(".codelens-decoration a");
    return eventually("CodeLenses", () => lenses.allInnerTexts());
  }

  async clickCodeLens(title: string): Promise<void> {
    await this.#active
      .locator(".codelens-decoration a")
      .filter({ hasText: exactly(title) })
      .click();
  }

  /** How many squiggles the active editor shows now. */
  async squiggles(kind: "error" | "warning" | "info"): Promise<number> {
    return this.#active.locator(`.squiggly-${kind}`).count();
  }

  /** The Problems view's messages, as soon as there are any. */
  async problems(): Promise<string[]> {
    await this.#quickInput.tryCommand("Problems: Focus on Problems View");
    const rows = this.#page.locator(".markers-panel .monaco-list-row .marker-message-details-container");
    return eventually("problems", () => rows.allInnerTexts());
  }

  get #active(): Locator {
    return this.#page.locator(".editor-group-container.active .editor-instance .monaco-editor").first();
  }

  #tab(title: string): Locator {
    return this.#page.locator(".tabs-container .tab").filter({
      has: this.#page.locator(".monaco-icon-label-container").filter({ hasText: exactly(title) }),
    });
  }
}
