/**
 * Errors as values a person can act on: what went wrong, where, and what to do.
 * One place per front end (the command line, the extension) turns them into an exit code or a notification.
 */

export const failureCodes = [
  "usage",
  "experiment-invalid",
  "dataset-invalid",
  "dataset-missing",
  "download-failed",
  "image-invalid",
  "latent-invalid",
  /** A `.latent` file of another model. */
  "latent-foreign",
  "run-invalid",
  "run-busy",
  "engine-unavailable",
  "engine-failed",
  "out-of-memory",
  "diverged",
  "storage-full",
  "storage-denied",
  "storage-failed",
  "interrupted",
  "internal",
] as const;

export type FailureCode = (typeof failureCodes)[number];

/**
 * `message` is one line naming the thing and the place (file, byte, JSON path);
 * `hint` is one line saying what to do about it.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly hint: string;

  constructor(code: FailureCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

interface SystemError extends Error {
  readonly code: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/** Whether `error` is the operating system's error `code` ("ENOENT", "ENOSPC", …). */
export function hasSystemCode(error: unknown, ...codes: string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
}

/** Turns whatever was thrown while reading or writing `path` into a Failure; a Failure passes through unchanged. */
export function storageFailure(error: unknown, path: string, doing: "read" | "write"): Failure {
  if (error instanceof Failure) return error;
  const cause = { cause: error };
  if (hasSystemCode(error, "ENOSPC", "EDQUOT", "EFBIG"))
    return new Failure(
      "storage-full",
      `${path}: the disk is full`,
      "Free some space, then try again.",
      cause,
    );
  if (hasSystemCode(error, "EACCES", "EPERM", "EROFS"))
    return new Failure(
      "storage-denied",
      `${path}: no permission to ${doing} it`,
      "Change its permissions or choose another folder.",
      cause,
    );
  if (hasSystemCode(error, "ENOENT"))
    return doing === "read"
      ? new Failure("storage-failed", `${path}: no such file or folder`, "Check the path.", cause)
      : new Failure(
          "storage-failed",
          `${path}: the folder it would be in is not there`,
          "Make that folder first, or name another place.",
          cause,
        );
  if (hasSystemCode(error, "ENOTDIR"))
    return new Failure(
      "storage-failed",
      `${path}: part of this path is a file, not a folder`,
      "Check the path.",
      cause,
    );
  if (hasSystemCode(error, "EISDIR"))
    return new Failure("storage-failed", `${path}: is a folder, not a file`, "Name a file.", cause);
  return new Failure(
    "storage-failed",
    `${path}: could not ${doing} it (${lineOf(error)})`,
    "Check the path and try again.",
    cause,
  );
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** What was thrown, in a line. */
export function lineOf(error: unknown): string {
  return firstLine(error instanceof Error ? error.message : String(error));
}
