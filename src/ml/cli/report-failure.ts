/**
 * The one place that turns whatever was thrown into words and an exit code: `error:` and `hint:` on stderr, or one
 * `error` event on stdout under --json. Never a stack trace, unless LATENT_LAB_DEBUG asks for it.
 */
import type { ErrorEvent } from "../../contract/events.ts";
import { Failure, lineOf } from "../../contract/failure.ts";
import { withCall } from "./called-as.ts";
import type { Context } from "./context.ts";
import { exitCodeOf } from "./exit-codes.ts";

/** Returns the exit code. */
export function reportFailure(
  error: unknown,
  { terminal: { out, err }, environment, call }: Context,
  format: "text" | "json",
): number {
  const event = errorEvent(error);
  const { code, message, hint } = event;
  if (format === "json") out.line(JSON.stringify(event));
  else {
    // To be interrupted is no error: it was asked for.
    err.line(code === "interrupted" ? message : `${err.red("error:")} ${onOneLine(message)}`);
    err.line(`${err.dim("hint:")} ${onOneLine(withCall(hint, call))}`);
  }
  if (environment.LATENT_LAB_DEBUG === "1" && error instanceof Error) err.line(error.stack);
  return exitCodeOf(code);
}

export function errorEvent(error: unknown): ErrorEvent {
  const { code, message, hint } = toFailure(error);
  return { event: "error", code, message, hint };
}

/** File names may hold line breaks. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]\s*/g, " ");
}

function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = lineOf(error);
  if (
    error instanceof RangeError &&
    /allocation failed|could not allocate|invalid (typed )?array( buffer)? length/i.test(message)
  ) {
    return new Failure(
      "out-of-memory",
      `there is not enough memory (${message})`,
      "Make the model or the dataset smaller, or close other programs.",
    );
  }
  return new Failure(
    "internal",
    `something went wrong inside Latent Lab (${message})`,
    "Set LATENT_LAB_DEBUG=1 and run it again to see where, then report it.",
  );
}
