import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../../src/contract/failure.ts";
import { parseJson } from "../../../src/contract/parse-json.ts";

/** What the reader says of `text`, and the remedy. */
function problemOf(text: string): { message: string; hint: string } {
  try {
    parseJson(text, "x.json");
  } catch (error) {
    assert.ok(error instanceof Failure, `expected a Failure, got ${error}`);
    assert.equal(error.code, "experiment-invalid");
    assert.ok(
      !error.message.includes("\n") && !error.hint.includes("\n"),
      "message and hint are one line each",
    );
    return error;
  }
  assert.fail(`accepted: ${text}`);
}

test("whatever JSON.parse accepts gives the same value", () => {
  const texts = [
    "null",
    ' { "a" : [ 1 , -2.5e+3 , true , false , null , "b\\u00e9\\n\\"" ] , "c" : { } , "d" : [ ] } ',
    '"\u2028 ü \u{1F600}"',
    "0",
    "-0.5E-3",
    '\r\n\t{"":""}',
  ];
  for (const text of texts) assert.deepEqual(parseJson(text, "x.json"), JSON.parse(text), text);
});

test("whatever JSON.parse refuses is refused, at every place where a text can be cut", () => {
  const text = '{"a":[1,-2.5e3,true,null,"b\\n\\u00e9"],"c":{"d":{}}}';
  for (let length = 0; length < text.length; length++) {
    const cut = text.slice(0, length);
    assert.throws(() => JSON.parse(cut), cut);
    problemOf(cut);
  }
  const wrong = [
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "tru",
    "'a'",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    '"\t"',
    '"\\x"',
    "1 2",
    "\0",
  ];
  for (const text of wrong) {
    assert.throws(() => JSON.parse(text), text);
    problemOf(text);
  }
});

test("an error names line and column, whatever the line ends are", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const { message } = problemOf(`{${end}  "a": 1,${end}  "b" 2${end}}`);
    assert.equal(message, 'x.json:3:7: a colon after "b" should be here, not 2');
  }
});

test("common slips get a remedy of their own", () => {
  assert.match(problemOf('{"a": 1} // note').hint, /no comments/);
  assert.match(problemOf('{"a": [1, 2, ]}').hint, /Remove the comma/);
  assert.match(problemOf('{"a": NaN}').hint, /no such number/);
  assert.match(problemOf('{"a": -Infinity}').hint, /no such number/);
  assert.match(problemOf("{'a': 1}").hint, /quotes/);
});

test("a key given twice is refused, also when one is written with escapes", () => {
  assert.equal(problemOf('{"a":1,"\\u0061":2}').message, 'x.json:1:8: "a" is given twice');
  assert.doesNotThrow(() => parseJson('{"a":{"a":1},"b":[{"a":1},{"a":2}]}', "x.json"));
});

test("a byte order mark is no error", () => {
  assert.deepEqual(parseJson('\uFEFF{"a":1}', "x.json"), { a: 1 });
});

test("depth and length have limits", () => {
  assert.match(problemOf("[".repeat(100_000)).message, /nested deeper than 64/);
  assert.match(problemOf(`"${"a".repeat(1_000_000)}"`).message, /too many/);
});
