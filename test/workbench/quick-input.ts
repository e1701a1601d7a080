/** The box at the top: the command palette, quick picks and input boxes. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { exactly } from "./exactly.ts";

export class QuickInput {
  readonly #page: Page;
  readonly #widget: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#widget = page.locator(".quick-input-widget");
  }

  /**
   * Presses F1 until the palette is there: a panel that is about to take the focus takes the key with it, and a list
   * that is about to close is seen a moment longer.
   */
  async openPalette(): Promise<void> {
    await eventually("the palette", async () => {
      if (!(await this.#isPaletteGone())) return true;
      await this.#page.keyboard.press("F1");
      await this.#input.waitFor({ timeout: 1500 }).catch(() => undefined);
      return !(await this.#isPaletteGone());
    });
  }

  /** Types over what is there and returns the labels that remain. */
  async rowsFor(text: string): Promise<string[]> {
    const isPalette = (await this.#input.inputValue()).startsWith(">");
    await this.#input.fill(isPalette ? `>${text}` : text);
    // The list follows with a delay; its state a moment later counts.
    await this.#page.waitForTimeout(400);
    return this.rows();
  }

  /** The labels on offer that can be seen. */
  async rows(): Promise<string[]> {
    const labels = this.#widget.locator(".monaco-list-row .quick-input-list-row:first-child .label-name");
    return (await labels.allTextContents()).map(plain);
  }

  /** All that the rows on offer say. */
  async texts(): Promise<string[]> {
    const texts = await this.#widget.locator(".monaco-list-row").allInnerTexts();
    return texts.map((text) => plain(text.replaceAll(/\s+/g, " ")));
  }

  /** Runs a command from the palette; false where it is not offered. */
  async tryCommand(label: string): Promise<boolean> {
    await this.openPalette();
    await this.#input.fill(`>${label}`);
    const row = this.#row(label);
    const isOffered = await row.waitFor({ timeout: 2000 }).then(
      () => true,
      () => false,
    );
    if (isOffered) {
      await row.click();
      // The command may ask something in the same box: what comes next must not meet the palette.
      await eventually("the palette's end", () => this.#isPaletteGone());
    } else await this.cancel();
    return isOffered;
  }

  /** Picks the row with this label, as soon as there is one. */
  async pick(label: string): Promise<void> {
    await this.#input.waitFor();
    await this.#input.fill(label);
    try {
      await this.#row(label).click();
    } catch (cause) {
      throw new Error(`"${label}" is not offered; there is: ${(await this.rows()).join(", ")}`, { cause });
    }
  }

  /** The same once, of a box that is open; false where it has closed, or does not offer that in time. */
  async tryPick(label: string): Promise<boolean> {
    try {
      await this.#input.fill(label, { timeout: 3000 });
      await this.#row(label).click({ timeout: 5000 });
      return true;
    } catch {
      return false;
    }
  }

  /** Where several may be picked: takes all of them. */
  async checkAll(): Promise<void> {
    await this.#widget.getByRole("checkbox").first().click();
    await this.#input.press("Enter");
  }

  async #isPaletteGone(): Promise<boolean> {
    return !(await this.#input.isVisible()) || !(await this.#input.inputValue()).startsWith(">");
  }

  /** Answers an input box. */
  async enter(text: string): Promise<void> {
    await this.#input.waitFor();
    await this.#input.fill(text);
    await this.#input.press("Enter");
  }

  /** Takes what is chosen already. */
  async accept(): Promise<void> {
    await this.#input.waitFor();
    await this.#page.keyboard.press("Enter");
  }

  /** The title or else the placeholder, once the box is open: what it asks for. */
  async question(): Promise<string> {
    return eventually("a question", async () => {
      if (!(await this.#input.isVisible())) return "";
      const title = plain((await this.#widget.locator(".quick-input-title").textContent()) ?? "");
      return title || ((await this.#input.getAttribute("placeholder")) ?? "");
    });
  }

  /** To the question before this one. */
  async goBack(): Promise<void> {
    await this.#widget.locator('.quick-input-titlebar [aria-label^="Back"]').click();
  }

  async cancel(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#widget.waitFor({ state: "hidden" });
  }

  #row(label: string): Locator {
    const name = this.#page.locator(".quick-input-list-row:first-child .label-name");
    const rows = this.#widget.locator(".monaco-list-row");
    return rows.filter({ has: name.filter({ hasText: exactly(label) }) }).first();
  }

  get #input(): Locator {
    return this.#widget.locator(".quick-input-box input");
  }
}

function plain(text: string): string {
  return text.replaceAll("\u00a0", " ").trim();
}
