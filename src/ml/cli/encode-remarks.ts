/** What is wrong with a picture that was encoded all the same, and what may help. */
import { greyBytes, greyOfAll } from "../image/grey-image.ts";
import type { EncodedImage } from "../train/use-run.ts";

export function encodeRemarks(
  picture: string,
  { seen, inverted, inkOnPaper }: Pick<EncodedImage, "seen" | "inverted" | "inkOnPaper">,
): string[] {
  const remarks: string[] = [];
  const isUnturned = inkOnPaper && !inverted;
  const grey = greyOfAll(greyBytes(seen));
  if (grey !== null) {
    const transparency =
      grey === "black" && !inverted && !isUnturned
        ? "; for dark ink on a transparent ground, give --invert on"
        : "";
    remarks.push(`${picture}: comes out ${grey}: the model sees nothing on it${transparency}`);
  }
  const helpsToTurn = grey === null || grey === "black";
  if (isUnturned && helpsToTurn)
    remarks.push(`${picture}: looks like ink on paper; --invert auto turns it round`);
  return remarks;
}
