import assert from "node:assert/strict";
import { test } from "node:test";
import { changeExperiment } from "../../../src/contract/parse-experiment.ts";
import { findPreset } from "../../../src/contract/presets.ts";
import { nameOnFolder } from "../../../src/extension/experiments/name-on-folder.ts";

test("an experiment on a folder is named after both", () => {
  assert.equal(nameOnFolder("mnist-vae", "/home/a/My flowers/"), "mnist-vae on My flowers");
  assert.equal(nameOnFolder("mnist-vae", "/"), "mnist-vae on /");
});

test("an experiment on a folder has a name that is none too long, and something of both", () => {
  const { name, experiment } = findPreset("mnist-vae");
  const named = [
    nameOnFolder("e".repeat(100), `/${"f".repeat(200)}`),
    nameOnFolder("e".repeat(100), "/flowers"),
    nameOnFolder(name, `/${"f".repeat(200)}`),
  ];
  for (const text of named) assert.equal(changeExperiment(experiment, name, [`name=${text}`]).name, text);
  assert.deepEqual(
    named.map((text) => [text.length, text.slice(0, 3), text.at(-1)]),
    [
      [100, "eee", "f"],
      [100, "eee", "s"],
      [59, "mni", "f"],
    ],
  );
});
