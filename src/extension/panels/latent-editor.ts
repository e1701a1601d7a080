/** `.latent` files, opened read-only: the picture that a model makes of them. */
import type * as vscode from "vscode";
import { type EncodeContext, furnishEncodePanel } from "./encode-panel.ts";

export const latentViewType = "latentLab.latent";

interface LatentDocument extends vscode.CustomDocument {
  readonly uri: vscode.Uri;
}

export class LatentEditor implements vscode.CustomReadonlyEditorProvider<LatentDocument> {
  readonly #context: EncodeContext;

  constructor(context: EncodeContext) {
    this.#context = context;
  }

  openCustomDocument(uri: vscode.Uri): LatentDocument {
    return { uri, dispose() {} };
  }

  resolveCustomEditor(document: LatentDocument, panel: vscode.WebviewPanel): void {
    furnishEncodePanel(this.#context, panel, { pictures: [document.uri], leftOut: 0, run: null });
  }
}
