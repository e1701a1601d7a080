/**
 * A small extension that runs the suite when its command is called: the way into the extension host of an editor
 * that takes packages only.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVSIX } from "@vscode/vsce";
import { bundleSuite } from "./bundle.ts";

export const helperCommand = { command: "latentLabTests.run", title: "Run", category: "Latent Lab Tests" };

const manifest = {
  name: "latent-lab-tests",
  publisher: "latent-lab",
  version: "0.0.1",
  license: "MIT",
  engines: { vscode: "^1.100.0" },
  extensionKind: ["workspace"],
  main: "./main.cjs",
  contributes: { commands: [helperCommand] },
};

const main = `const { commands } = require("vscode");
const { run } = require("./suite.cjs");
exports.activate = ({ subscriptions }) =>
  void subscriptions.push(commands.registerCommand(${JSON.stringify(helperCommand.command)}, run));
`;

/** Writes it below `folder`; the path of its package. */
export async function packHelper(folder: string): Promise<string> {
  const source = join(folder, "helper");
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(source, "main.cjs"), main);
  writeFileSync(join(source, "README.md"), "Runs the tests inside the extension host.\n");
  writeFileSync(join(source, "LICENSE"), "MIT\n");
  await bundleSuite(join(source, "suite.cjs"));
  const packagePath = join(folder, "helper.vsix");
  await createVSIX({ cwd: source, packagePath, dependencies: false, allowMissingRepository: true });
  return packagePath;
}
