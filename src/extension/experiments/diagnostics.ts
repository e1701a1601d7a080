/**
 * Squiggles in experiment files for what the schema cannot say: settings that do not go together. Typos, types and
 * ranges are the schema's, and the editor's own JSON support shows them.
 */
import { findNodeAtLocation, type Node, parse, parseTree } from "jsonc-parser";
import * as vscode from "vscode";
import { type Contradiction, contradictionsIn } from "../../contract/parse-experiment.ts";
import { Disposables } from "../dispose.ts";
import { isExperimentFile } from "./experiment-files.ts";

/** Beyond any experiment that somebody writes by hand. */
const maximumLength = 1_000_000;

export class ExperimentDiagnostics implements vscode.Disposable {
  readonly #disposables = new Disposables();
  readonly #collection = this.#disposables.add(vscode.languages.createDiagnosticCollection("latentLab"));

  constructor() {
    const { workspace } = vscode;
    this.#disposables.add(workspace.onDidOpenTextDocument((document) => this.#check(document)));
    this.#disposables.add(workspace.onDidChangeTextDocument(({ document }) => this.#check(document)));
    this.#disposables.add(workspace.onDidCloseTextDocument(({ uri }) => this.#collection.delete(uri)));
    for (const document of workspace.textDocuments) this.#check(document);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #check(document: vscode.TextDocument): void {
    if (!isExperimentFile(document)) return;
    const text = document.getText();
    if (text.length > maximumLength) return;
    const tree = parseTree(text);
    const found = tree === undefined ? [] : contradictionsIn(parse(text));
    this.#collection.set(
      document.uri,
      found.map((problem) => diagnosticOf(problem, document, tree)),
    );
  }
}

function diagnosticOf(
  { path, message, hint }: Contradiction,
  document: vscode.TextDocument,
  tree: Node | undefined,
): vscode.Diagnostic {
  const node = nearestNode(tree, path);
  const range =
    node === undefined
      ? new vscode.Range(0, 0, 0, 1)
      : new vscode.Range(document.positionAt(node.offset), document.positionAt(node.offset + node.length));
  const diagnostic = new vscode.Diagnostic(range, `${message}. ${hint}`, vscode.DiagnosticSeverity.Error);
  diagnostic.source = "Latent Lab";
  return diagnostic;
}

/** A setting left out has no place of its own: the one around it has. */
function nearestNode(tree: Node | undefined, path: readonly (string | number)[]): Node | undefined {
  if (tree === undefined) return undefined;
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node !== undefined) return node;
  }
  return tree;
}
