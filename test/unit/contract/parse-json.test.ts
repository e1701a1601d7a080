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
    "[,]",
    "[1,,2]",
    "[1,,]",
    "{,}",
    '{"a":1,,}',
    "1,",
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
  assert.match(problemOf('{"a": 1} # note').hint, /begins with \/\//);
  assert.match(problemOf('{"a": 1 / 2}').hint, /begins with \/\//);
  assert.match(problemOf('{"a": NaN}').hint, /no such number/);
  assert.match(problemOf('{"a": -Infinity}').hint, /no such number/);
  assert.match(problemOf("{'a': 1}").hint, /quotes/);
});

test("comments stand wherever white space may, and mean nothing", () => {
  const text = `// first
/* all
   of it */ {
  "a" /* name */ : /* value */ 1, // "b": 2,
  "c": [ // entries
    "// text", /**/ "/* text */" /***/
  ] //
} // last`;
  assert.deepEqual(parseJson(text, "x.json"), { a: 1, c: ["// text", "/* text */"] });
  for (const end of ["\n", "\r\n", "\r"])
    assert.deepEqual(parseJson(`// note${end}{}${end}// note${end}`, "x.json"), {}, JSON.stringify(end));
  assert.deepEqual(parseJson("1//", "x.json"), 1);
});

test("one comma may follow the last member and the last entry", () => {
  assert.deepEqual(parseJson('{"a":[1,2,],"b":{"c":[[],],},}', "x.json"), { a: [1, 2], b: { c: [[]] } });
  assert.deepEqual(parseJson('{"a":[1, /* one */ // only\n ] , }', "x.json"), { a: [1] });
});

test("comments and commas move no place that an error names", () => {
  const { message } = problemOf('/* two\nlines */ {\n  "a": [1,], // note\n  /* b */ "b" 2\n}');
  assert.equal(message, 'x.json:4:15: a colon after "b" should be here, not 2');
  const twice = problemOf('{"a":1, /* again */ "a":2,}');
  assert.equal(twice.message, 'x.json:1:21: "a" is given twice');
});

test("a comment that does not end is named where it begins", () => {
  for (const text of ['{\n  /* "a": 1\n}', "{\n  /*/"])
    assert.deepEqual(
      [problemOf(text).message, problemOf(text).hint],
      ["x.json:2:3: this comment does not end", "Close it with */."],
    );
});

test("a file may consist of comments to the last character", () => {
  assert.deepEqual(parseJson(`[${"//\n".repeat(250_000)}1]`, "x.json"), [1]);
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
