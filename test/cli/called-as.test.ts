import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { calledAs, withCall } from "../../src/ml/cli/called-as.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const windows = process.platform === "win32";

test("below npm it is called by npx", () => {
  const argv = ["node", "/repository/dist/latent-lab.js", "train"];
  const start = { npm_command: "start", npm_lifecycle_event: "start" };
  for (const environment of [{ npm_command: "exec" }, { ...start, npm_package_name: "latent-lab" }])
    assert.equal(calledAs(argv, environment), "npx latent-lab");
  // Of this project npx knows nothing.
  assert.match(calledAs(argv, { ...start, npm_package_name: "another" }), /^node .*latent-lab\.js$/);
});

test("where its name alone finds it, by its name, else by its main file's path", { skip: windows }, (t) => {
  const folder = temporaryFolder(t);
  const main = join(folder, "it's here", "latent-lab.js");
  const bin = join(folder, "bin");
  mkdirSync(join(folder, "it's here"));
  mkdirSync(bin);
  writeFileSync(main, "");
  const byPath = `node '${main.replace("'", "'\\''")}'`;
  assert.equal(calledAs(["node", main], { PATH: bin }), byPath);
  symlinkSync(main, join(bin, "latent-lab"));
  assert.equal(calledAs(["node", main], { PATH: `/nowhere:${bin}` }), "latent-lab");
  assert.equal(calledAs(["node", join(bin, "latent-lab")], { PATH: bin }), "latent-lab");
  assert.equal(calledAs(["node", main], {}), byPath);
  assert.equal(calledAs(["node", main], { PATH: bin, npm_lifecycle_event: "try" }), "npx latent-lab");
  // Another installation has the name.
  assert.equal(
    calledAs(["node", join(folder, "other.js")], { PATH: bin }),
    `node ${join(folder, "other.js")}`,
  );
});

test("commands in words become those calls, and nothing else does", () => {
  const call = "npx $& latent-lab";
  for (const [words, expected] of [
    [
      "To go on: latent-lab train --resume /a/latent-lab/b",
      `To go on: ${call} train --resume /a/latent-lab/b`,
    ],
    ["Name one; `latent-lab runs` lists them.", `Name one; \`${call} runs\` lists them.`],
    ["Its usage: latent-lab --help", `Its usage: ${call} --help`],
    ["it is in ~/latent-lab train, or latent-lab.json", "it is in ~/latent-lab train, or latent-lab.json"],
  ] as const)
    assert.equal(withCall(words, call), expected);
});
