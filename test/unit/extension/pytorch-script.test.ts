// "Copy as PyTorch Script": what is copied is a whole Python program, and its model is ours, layer for layer.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { changeExperiment } from "../../../src/contract/parse-experiment.ts";
import { findPreset, presets } from "../../../src/contract/presets.ts";
import { pytorchScript } from "../../../src/extension/export/pytorch-script.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const hasTorch = hasPython && spawnSync("python3", ["-c", "import torch, torchvision"]).status === 0;

/** Runs Python on `program` with the script's file as its argument; what it prints. */
function python(program: string, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-script-"));
  try {
    const file = join(folder, "train.py");
    writeFileSync(file, script);
    const { status, stdout, stderr } = spawnSync("python3", ["-c", program, file], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function scriptOf(preset: string, ...settings: string[]): string {
  return pytorchScript(changeExperiment(findPreset(preset).experiment, preset, settings));
}

test("the script of every preset is Python", { skip: !hasPython && "there is no python3" }, () => {
  for (const { name } of presets)
    assert.equal(
      python("import ast, sys; ast.parse(open(sys.argv[1]).read()); print('fine')", scriptOf(name)),
      "fine",
    );
});

test("every kind of dataset gives Python", { skip: !hasPython && "there is no python3" }, () => {
  const settings = [
    ["dataset.kind=drawn-digits"],
    ["dataset.kind=idx", 'dataset.path=it\'s "here"'],
    ["dataset.kind=folder", "dataset.path=C:\\pictures", "dataset.invert=true"],
  ];
  for (const some of settings)
    python("import ast, sys; ast.parse(open(sys.argv[1]).read())", scriptOf("mnist-vae", ...some));
});

test("a name is a comment, whatever line ends are in it", {
  skip: !hasPython && "there is no python3",
}, () => {
  const preset = findPreset("mnist-vae");
  const named = changeExperiment(
    { ...preset.experiment, name: "a\rprint(1)\nprint(2)\u000bprint(3)" },
    "mine",
    [],
  );
  const calls =
    "import ast, sys; print([n.value.func.id for n in ast.parse(open(sys.argv[1], newline='').read()).body if isinstance(n, ast.Expr) and isinstance(n.value.func, ast.Name)])";
  assert.equal(python(calls, pytorchScript(named)), "[]");
});

test("the model has as many parameters as ours", { skip: !hasTorch && "python3 has no PyTorch" }, () => {
  const countParameters = [
    "import ast, sys, torch",
    "from torch import nn",
    "tree = ast.parse(open(sys.argv[1]).read())",
    "model = [node for node in tree.body if isinstance(node, ast.ClassDef)]",
    "exec(compile(ast.Module(model, []), 'model', 'exec'))",
    "print(sum(p.numel() for p in Model().parameters()))",
  ].join("\n");
  assert.equal(python(countParameters, scriptOf("mnist-vae")), "652824");
  assert.equal(python(countParameters, scriptOf("mnist-autoencoder")), "222384");
});

test("losses are written in the experiment's unit", () => {
  assert.match(scriptOf("mnist-vae"), /binary_cross_entropy_with_logits\(logits, x, reduction="sum"\)\n/);
  assert.match(scriptOf("mnist-autoencoder"), /reduction="sum"\) \/ x\.shape\[1\]\n/);
  assert.match(scriptOf("mnist-vae", "loss.beta=4"), /total = total \+ 4 \* kl/);
  assert.match(scriptOf("mnist-vae-6"), /F\.mse_loss\(torch\.sigmoid\(logits\), x, reduction="sum"\)/);
});
