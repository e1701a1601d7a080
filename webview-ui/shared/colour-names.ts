/** The colours by role (see base.css) that are drawn with on a canvas. */
export const colourNames = [
  "foreground",
  "muted",
  "grid",
  "loss",
  "reconstruction",
  "kl",
  "floor",
  "cursor",
  "run-1",
  "run-2",
  "run-3",
  "run-4",
  "run-5",
  "run-6",
] as const;
export type ColourName = (typeof colourNames)[number];
