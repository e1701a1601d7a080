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
import { buildNetwork, networkTensors } from "../../../src/ml/model/network.ts";

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

test("its tensors have the names and shapes of model.safetensors", () => {
  const deep = ["model.encoder=784,64,32,5", "model.decoder=5,32,784"];
  for (const [preset, ...settings] of [
    ["mnist-vae"],
    ["mnist-autoencoder"],
    ["mnist-vae", ...deep],
    ["mnist-vae", "model.encoder=784,5"],
  ] as [string, ...string[]][]) {
    const experiment = changeExperiment(findPreset(preset).experiment, preset, settings);
    const ours = networkTensors(buildNetwork(experiment)).filter(({ name }) => name.endsWith(".weight"));
    const found = [
      ...pytorchScript(experiment).matchAll(/^class (\w+)|^ +self\.(\w+) = nn\.Linear\((\d+), (\d+)\)$/gm),
    ];
    let part = "";
    const theirs = found.flatMap(([, module, layer, inputs, outputs]) => {
      part = module?.toLowerCase() ?? part;
      return layer === undefined
        ? []
        : [{ name: `${part}.${layer}.weight`, shape: [Number(outputs), Number(inputs)] }];
    });
    assert.deepEqual(theirs, ours);
  }
});

test("each layer has its activation: the hidden ones', the latent one's, and logits at the end", () => {
  const script = scriptOf("mnist-autoencoder", "model.encoder=784,9,4", "model.latentActivation=tanh");
  const forward = (part: string) =>
    new RegExp(`class ${part}[^]*?def forward\\(self, x\\):\n([^]*?)\n\n`).exec(script)?.[1];
  assert.equal(
    forward("Encoder"),
    "        x = torch.relu(self.fc1(x))\n        x = torch.tanh(self.fc2(x))\n        return x",
  );
  assert.equal(
    forward("Decoder"),
    "        x = torch.relu(self.fc1(x))\n        x = self.fc2(x)\n        return x",
  );
  assert.match(
    scriptOf("mnist-vae"),
    /x = torch\.relu\(self\.fc1\(x\)\)\n {8}return self\.fc_mu\(x\), self\.fc_logvar\(x\)\n/,
  );
});

test("it stops early where we do", { skip: !hasPython && "there is no python3" }, () => {
  const stopping = ["training.earlyStopping.patience=2", "training.earlyStopping.minimumImprovement=0.5"];
  const script = scriptOf("mnist-vae", "training.epochs=9", ...stopping);
  const rule = script.slice(script.indexOf("    if test < best"));
  const loop = [
    'best, waited = float("inf"), 0',
    "for epoch, test in enumerate([9, 7, 6.6, 6.4, 6.3, 6.2, 1]):",
    rule,
    "print(epoch + 1)",
  ];
  assert.ok(script.includes(`${loop[0]}\nfor epoch in range(9):`));
  assert.equal(python("import sys; exec(open(sys.argv[1]).read())", loop.join("\n")), "6");
  assert.doesNotMatch(scriptOf("mnist-vae"), /best|waited/);
});

test("losses are written in the experiment's unit", () => {
  assert.match(scriptOf("mnist-vae"), /binary_cross_entropy_with_logits\(logits, x, reduction="sum"\)\n/);
  assert.match(scriptOf("mnist-autoencoder"), /reduction="sum"\) \/ x\.shape\[1\]\n/);
  assert.match(scriptOf("mnist-vae", "loss.beta=4"), /total = total \+ 4 \* kl/);
  assert.match(scriptOf("mnist-vae-6"), /F\.mse_loss\(torch\.sigmoid\(logits\), x, reduction="sum"\)/);
});
