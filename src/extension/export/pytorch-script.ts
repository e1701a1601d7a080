/**
 * An experiment as a PyTorch script that trains the same model the same way: same layers, losses, initialisation and
 * optimiser. Its random numbers are PyTorch's own, so the curves agree, not the digits of the losses.
 */
import type { Activation, Experiment } from "../../contract/experiment.ts";

export function pytorchScript(experiment: Experiment): string {
  const { training } = experiment;
  return [
    `# ${inAComment(experiment.name)}: written by Latent Lab`,
    "import torch",
    "import torch.nn.functional as F",
    "from torch import nn",
    "from torch.utils.data import DataLoader",
    "from torchvision import datasets, transforms",
    "",
    `torch.manual_seed(${training.seed})`,
    `device = torch.device("cuda" if torch.cuda.is_available() else "cpu")`,
    ...dataLines(experiment),
    "",
    "",
    ...modelLines(experiment),
    "",
    "",
    ...lossLines(experiment),
    "",
    "",
    "model = Model().to(device)",
    ...initialisationLines(experiment),
    "# Its tensors are called as in a run's model.safetensors. To start from those weights, import safetensors.torch and:",
    '# model.load_state_dict(safetensors.torch.load_file("model.safetensors"))',
    ...optimizerLines(experiment),
    "",
    ...(training.earlyStopping === undefined ? [] : ['best, waited = float("inf"), 0']),
    `for epoch in range(${training.epochs}):`,
    "    model.train()",
    "    total = 0.0",
    "    for x, _ in train_loader:",
    "        x = x.to(device).flatten(1)",
    "        optimizer.zero_grad()",
    "        loss, summed = loss_of(model, x)",
    "        loss.backward()",
    "        optimizer.step()",
    "        total += summed.item()",
    "    model.eval()",
    "    with torch.no_grad():",
    "        test = sum(loss_of(model, x.to(device).flatten(1))[1].item() for x, _ in test_loader)",
    "    train, test = total / len(train_set), test / len(test_set)",
    '    print(f"epoch {epoch + 1}  train {train:.4f}  test {test:.4f}")',
    ...stoppingLines(experiment),
    "",
  ].join("\n");
}

/** Stops where we do; the weights are the last epoch's there as well. */
function stoppingLines({ training: { earlyStopping } }: Experiment): string[] {
  if (earlyStopping === undefined) return [];
  return [
    `    if test < best - ${earlyStopping.minimumImprovement}:`,
    "        best, waited = test, 0",
    "    else:",
    "        waited += 1",
    `    if waited == ${earlyStopping.patience}:`,
    "        break",
  ];
}

/** Whoever can name an experiment shall write no line of the script: Python ends one at a lone carriage return, too. */
function inAComment(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}

/** Pictures in the folder and in those below it, made grey and fitted whole into the size, on black. */
function folderLines({
  path,
  width,
  height,
  invert,
  testFraction,
}: Extract<Experiment["dataset"], { kind: "folder" }>): string[] {
  return [
    "from pathlib import Path",
    "from PIL import Image, ImageOps",
    "",
    "",
    "class Pictures(torch.utils.data.Dataset):",
    "    def __init__(self, folder):",
    '        endings = {".png", ".jpg", ".jpeg", ".webp"}',
    '        self.files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in endings)',
    "",
    "    def __len__(self):",
    "        return len(self.files)",
    "",
    "    def __getitem__(self, index):",
    '        image = ImageOps.exif_transpose(Image.open(self.files[index])).convert("RGBA")',
    `        ground = Image.new("RGBA", image.size, ${JSON.stringify(invert ? "white" : "black")})`,
    '        image = Image.alpha_composite(ground, image).convert("L")',
    `        image = ImageOps.pad(image, (${width}, ${height}), color=${invert ? 255 : 0})`,
    `        return transforms.functional.to_tensor(${invert ? "ImageOps.invert(image)" : "image"}), 0`,
    "",
    "",
    `everything = Pictures(${JSON.stringify(path)})`,
    `test_count = min(max(1, round(len(everything) * ${testFraction})), len(everything) - 1)`,
    "train_set, test_set = torch.utils.data.random_split(everything, [len(everything) - test_count, test_count])",
  ];
}

function dataLines({ dataset, training }: Experiment): string[] {
  const source =
    dataset.kind === "folder"
      ? folderLines(dataset)
      : [
          ...(dataset.kind === "mnist"
            ? []
            : [
                `# The experiment trains on ${dataset.kind === "idx" ? `the IDX files in ${JSON.stringify(dataset.path)}` : "digits that Latent Lab draws"}; MNIST stands in for it here.`,
              ]),
          "transform = transforms.ToTensor()",
          'train_set = datasets.MNIST("data", train=True, download=True, transform=transform)',
          'test_set = datasets.MNIST("data", train=False, download=True, transform=transform)',
        ];
  return [
    ...source,
    `train_loader = DataLoader(train_set, batch_size=${training.batch}, shuffle=True)`,
    `test_loader = DataLoader(test_set, batch_size=${Math.max(training.batch, 128)})`,
  ];
}

/** `value` through an activation of PyTorch's. */
const activated: Readonly<Record<Activation, (value: string) => string>> = {
  relu: (value) => `torch.relu(${value})`,
  tanh: (value) => `torch.tanh(${value})`,
  sigmoid: (value) => `torch.sigmoid(${value})`,
  linear: (value) => value,
};

interface Layer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
}

/** fc1, fc2, …, as the tensors of model.safetensors are called. */
function layersOf(widths: readonly number[], hidden: Activation, last: Activation): Layer[] {
  return widths.slice(1).map((outputs, index) => ({
    name: `fc${index + 1}`,
    inputs: widths[index] ?? 0,
    outputs,
    activation: index === widths.length - 2 ? last : hidden,
  }));
}

/** A module of `chain`, one layer after the other; `heads` all take what comes out of it, and are what it gives. */
function moduleLines(name: string, chain: readonly Layer[], heads: readonly Layer[]): string[] {
  const apply = ({ name: layer, activation }: Layer) => activated[activation](`self.${layer}(x)`);
  return [
    `class ${name}(nn.Module):`,
    "    def __init__(self):",
    "        super().__init__()",
    ...[...chain, ...heads].map(
      (layer) => `        self.${layer.name} = nn.Linear(${layer.inputs}, ${layer.outputs})`,
    ),
    "",
    "    def forward(self, x):",
    ...chain.map((layer) => `        x = ${apply(layer)}`),
    `        return ${heads.length === 0 ? "x" : heads.map(apply).join(", ")}`,
  ];
}

function modelLines({ model }: Experiment): string[] {
  const variational = model.kind === "variational";
  const { encoder, decoder, activation } = model;
  const body = variational ? encoder.slice(0, -1) : encoder;
  const head = (name: string): Layer => ({
    name,
    inputs: body.at(-1) ?? 0,
    outputs: encoder.at(-1) ?? 0,
    activation: "linear",
  });
  return [
    ...moduleLines(
      "Encoder",
      layersOf(body, activation, variational ? activation : model.latentActivation),
      variational ? [head("fc_mu"), head("fc_logvar")] : [],
    ),
    "",
    "",
    ...moduleLines("Decoder", layersOf(decoder, activation, "linear"), []),
    "",
    "",
    "class Model(nn.Module):",
    "    def __init__(self):",
    "        super().__init__()",
    "        self.encoder = Encoder()",
    "        self.decoder = Decoder()",
    "",
    "    def forward(self, x):",
    ...(variational
      ? [
          "        mu, log_variance = self.encoder(x)",
          "        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_variance)",
          "        return self.decoder(z), mu, log_variance  # logits",
        ]
      : ["        return self.decoder(self.encoder(x))  # logits"]),
  ];
}

function lossLines({ model, loss }: Experiment): string[] {
  const variational = model.kind === "variational";
  const output = model.outputActivation === "sigmoid" ? "torch.sigmoid(logits)" : "logits";
  const reconstruction =
    loss.reconstruction === "bce"
      ? 'F.binary_cross_entropy_with_logits(logits, x, reduction="sum")'
      : `F.mse_loss(${output}, x, reduction="sum")`;
  const scale = loss.reduction === "mean" ? " / x.shape[1]" : "";
  return [
    "def loss_of(model, x):",
    '    """What the optimiser sees, and its sum over the images in the experiment\'s unit."""',
    variational ? "    logits, mu, log_variance = model(x)" : "    logits = model(x)",
    `    total = ${reconstruction}${scale}`,
    ...(variational
      ? [
          `    kl = -0.5 * torch.sum(1 + log_variance - mu.pow(2) - log_variance.exp())${scale}`,
          `    total = total + ${loss.beta} * kl`,
        ]
      : []),
    loss.reduction === "mean" ? "    return total / x.shape[0], total" : "    return total, total",
  ];
}

function initialisationLines({ model }: Experiment): string[] {
  if (model.initialisation === "pytorch") return [];
  return [
    "for module in model.modules():",
    "    if isinstance(module, nn.Linear):",
    "        nn.init.xavier_uniform_(module.weight)",
    "        nn.init.zeros_(module.bias)",
  ];
}

function optimizerLines({ optimizer }: Experiment): string[] {
  const note =
    optimizer.epsilonPlacement === "uncorrected"
      ? ["# Keras adds epsilon before the bias correction; PyTorch after it."]
      : [];
  return [
    ...note,
    `optimizer = torch.optim.Adam(model.parameters(), lr=${optimizer.learningRate}, betas=(${optimizer.beta1}, ${optimizer.beta2}), eps=${optimizer.epsilon})`,
  ];
}
