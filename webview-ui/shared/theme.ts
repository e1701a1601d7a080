/**
 * The editor's colours for what is drawn on a canvas. They are the panel's own CSS variables (see base.css), which
 * follow VS Code's; here they are read, and read again when the theme changes.
 */
import { type ColourName, colourNames } from "./colour-names.ts";

export class Theme {
  #colours = new Map<string, string>();
  #font = "sans-serif";
  readonly #listeners: (() => void)[] = [];

  constructor() {
    this.#read();
    // VS Code names the theme in the body's class and sets its colours as variables on the root element.
    const observer = new MutationObserver(() => {
      this.#read();
      for (const listener of this.#listeners) listener();
    });
    const attributes = { attributes: true, attributeFilter: ["class", "style", "data-vscode-theme-id"] };
    observer.observe(document.body, attributes);
    observer.observe(document.documentElement, attributes);
  }

  colour(name: ColourName): string {
    return this.#colours.get(name) ?? "gray";
  }

  /** A font for a canvas: "11px …". */
  font(pixels: number): string {
    return `${pixels}px ${this.#font}`;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #read(): void {
    const style = getComputedStyle(document.body);
    for (const name of colourNames)
      this.#colours.set(name, style.getPropertyValue(`--${name}`).trim() || "gray");
    this.#font = style.fontFamily || "sans-serif";
  }
}
