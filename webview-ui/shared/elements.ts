/** Making elements without a framework. Text is always text: nothing here takes markup. */

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  fill(made, options, children);
  return made;
}

export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(made, options, children);
  return made;
}

function fill(made: Element, options: ElementOptions, children: readonly (Node | string)[]): void {
  if (options.class !== undefined) made.setAttribute("class", options.class);
  if (options.text !== undefined) made.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
}

/** A part of a panel under a heading of its own, which also names it for assistive technology. */
export function section(id: string, title: string): { root: HTMLElement; head: HTMLElement } {
  const heading = element("h2", { text: title, attributes: { id: `${id}-title` } });
  const head = element("div", { class: "section-head" }, heading);
  const root = element("section", { class: id, attributes: { "aria-labelledby": `${id}-title` } }, head);
  return { root, head };
}

/** Writes only what changed: assistive technology and the layout need not hear of the rest. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
