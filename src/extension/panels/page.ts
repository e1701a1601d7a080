/** The HTML around a panel's script: a strict content policy, one stylesheet, one script. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export interface Page {
  /** Name of the built panel: dist/webview/<name>.js and .css. */
  readonly panel: "dashboard" | "encode";
  readonly title: string;
  readonly layout: "wide" | "narrow";
}

/** What a panel may load. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, "dist", "webview")] };
}

/** What the panels' tabs carry: in colours that are seen on light and on dark. */
export function iconOf(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "media", "icon.svg");
}

export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, page: Page): string {
  const nonce = randomBytes(16).toString("base64");
  const asset = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", "webview", name)).toString();
  const source = webview.cspSource;
  const policy = [
    "default-src 'none'",
    `img-src ${source} blob: data:`,
    `style-src ${source}`,
    `font-src ${source}`,
    `script-src 'nonce-${nonce}'`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${asText(page.title)}</title>
<link rel="stylesheet" href="${asset(`${page.panel}.css`)}">
</head>
<body data-panel="${page.panel}" data-layout="${page.layout}">
<script type="module" nonce="${nonce}" src="${asset(`${page.panel}.js`)}"></script>
</body>
</html>`;
}

/** Titles hold names of files and folders, which may hold anything. */
function asText(title: string): string {
  return title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
