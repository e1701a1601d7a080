/**
 * JSON text that people write by hand: says where it is wrong, in words, with line and column. JSON.parse alone
 * words its errors differently in every version of Node, names no place in some, and takes a key given twice. As
 * editors do for such files, it takes comments and a comma after the last member or entry.
 */
import { Failure } from "./failure.ts";

/** Characters in a file written by hand, at most. */
const maximumLength = 1_000_000;
/** Objects and lists inside each other, at most. */
const maximumDepth = 64;

/** The value of `text`; throws Failure("experiment-invalid") naming `file`, line and column. */
export function parseJson(text: string, file: string): unknown {
  if (text.length > maximumLength) {
    throw new Failure(
      "experiment-invalid",
      `${file}: ${text.length} characters are too many for an experiment (at most ${maximumLength})`,
      "Name an experiment file.",
    );
  }
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const scanner = new Scanner(json);
  const problem = scanner.problem();
  if (problem !== null) {
    const { line, column } = position(json, problem.offset);
    throw new Failure("experiment-invalid", `${file}:${line}:${column}: ${problem.message}`, problem.hint);
  }
  return JSON.parse(scanner.plain());
}

interface Problem {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

class JsonError extends Error {
  readonly problem: Problem;

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.problem = { offset, message, hint };
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Walks over a JSON text by its grammar (RFC 8259, with comments and trailing commas) and stops at the first thing that
 * does not belong.
 */
class Scanner {
  readonly #text: string;
  /** What strict JSON does not know, in order: comments and trailing commas. */
  readonly #extras: Range[] = [];
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  problem(): Problem | null {
    try {
      this.#value(0);
      this.#space();
      if (this.#offset < this.#text.length) this.#unexpected("the end of the file");
      return null;
    } catch (error) {
      if (error instanceof JsonError) return error.problem;
      throw error;
    }
  }

  /** The same value in strict JSON, once there was no problem. */
  plain(): string {
    let plain = "";
    let from = 0;
    for (const { start, end } of this.#extras) {
      plain += this.#text.slice(from, start);
      from = end;
    }
    return plain + this.#text.slice(from);
  }

  #value(depth: number): void {
    if (depth > maximumDepth) this.#fail(`nested deeper than ${maximumDepth} levels`, "Make it flatter.");
    this.#space();
    if (this.#take(/\{/y)) this.#members(depth);
    else if (this.#take(/\[/y)) this.#entries(depth);
    else if (this.#text[this.#offset] === '"') this.#string();
    else if (!this.#take(/(?:true|false|null)\b|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y)) {
      this.#unexpected("a value");
    }
  }

  #members(depth: number): void {
    this.#space();
    if (this.#take(/\}/y)) return;
    const names = new Set<string>();
    for (;;) {
      if (this.#text[this.#offset] !== '"') this.#unexpected('a name in double quotes ("…")');
      const start = this.#offset;
      const name = this.#string();
      if (names.has(name)) throw new JsonError(start, `"${name}" is given twice`, "Remove one of the two.");
      names.add(name);
      this.#space();
      if (!this.#take(/:/y)) this.#unexpected(`a colon after "${name}"`);
      this.#value(depth + 1);
      this.#space();
      if (this.#take(/\}/y)) return;
      if (this.#commaThen(/\}/y, "a comma or a closing brace }")) return;
    }
  }

  #entries(depth: number): void {
    this.#space();
    if (this.#take(/\]/y)) return;
    for (;;) {
      this.#value(depth + 1);
      this.#space();
      if (this.#take(/\]/y)) return;
      if (this.#commaThen(/\]/y, "a comma or a closing bracket ]")) return;
    }
  }

  /** Takes a comma; true where it was the last, `closing` following. */
  #commaThen(closing: RegExp, expected: string): boolean {
    const start = this.#offset;
    if (!this.#take(/,/y)) this.#unexpected(expected);
    const extrasBefore = this.#extras.length;
    this.#space();
    if (!this.#take(closing)) return false;
    this.#extras.splice(extrasBefore, 0, { start, end: start + 1 });
    return true;
  }

  #string(): string {
    const literal = this.#take(/"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4})|[\u007F-\u009F])*"/uy);
    if (literal === null) {
      this.#fail(
        "this text in quotes does not end, or holds a stray \\ or line break",
        "Close it with a quote.",
      );
    }
    return String(JSON.parse(literal));
  }

  /** Moves past white space and comments. */
  #space(): void {
    for (;;) {
      this.#take(/[ \t\r\n]*/y);
      const start = this.#offset;
      if (this.#take(/\/\*/y)) {
        const end = this.#text.indexOf("*/", this.#offset);
        if (end < 0) throw new JsonError(start, "this comment does not end", "Close it with */.");
        this.#offset = end + 2;
      } else if (!this.#take(/\/\/[^\r\n]*/y)) return;
      this.#extras.push({ start, end: this.#offset });
    }
  }

  /** What `pattern` (sticky) matches here; moves past it. */
  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#offset += match[0].length;
    return match[0];
  }

  #unexpected(expected: string): never {
    const rest = this.#text.slice(this.#offset);
    if (rest === "")
      this.#fail(`the file ends where ${expected} should be`, "Complete it, or restore it from a copy.");
    const found = /^(?:[\w.+-]{1,20}|.)/su.exec(rest)?.[0] ?? "";
    const visible = /\p{C}/u.test(found) ? JSON.stringify(found) : found;
    this.#fail(`${expected} should be here, not ${visible}`, hintFor(rest));
  }

  #fail(message: string, hint: string): never {
    throw new JsonError(this.#offset, message, hint);
  }
}

function hintFor(rest: string): string {
  if (rest.startsWith("/") || rest.startsWith("#"))
    return "A comment begins with // or stands between /* and */.";
  if (/^-?(?:NaN|Infinity)/.test(rest)) return "JSON has no such number: write an ordinary one.";
  if (rest.startsWith("'")) return "JSON quotes text with \", not with '.";
  return "Correct the JSON at this place.";
}

function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
