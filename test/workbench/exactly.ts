/** A pattern for elements with this text and no more; the workbench writes some spaces as unbreakable ones. */
export function exactly(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s");
  return new RegExp(`^\\s*${escaped}\\s*$`);
}
