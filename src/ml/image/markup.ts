/**
 * Builds HTML and SVG from templates that escape what is put into them, so that no name, path or device can
 * become markup.
 */

/** Text that is markup already and must not be escaped again. Made by the `markup` template; by hand only of our own text. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type MarkupValue = string | number | Markup | readonly MarkupValue[];

/** A template of HTML or SVG: strings and numbers are escaped (also for quoted attributes), Markup is kept, lists are joined. */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(strings.map((text, index) => text + rendered(values[index] ?? "")).join(""));
}

function rendered(value: MarkupValue): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(rendered).join("");
  return escapeText(String(value));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe between tags and in quoted attributes. Control characters and lone surrogates, which XML forbids, become U+FFFD. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/(?![\t\n\r])\p{Cc}/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
