/**
 * The panels of Encode Image: opened beside the editor, one for the same pictures, and brought back after a reload. What
 * is in them is the page's matter (encode-page.ts).
 */
import { basename } from "node:path";
import * as vscode from "vscode";
import * as z from "zod/mini";
import { setContext } from "../context.ts";
import { EncodePage, type EncodePageContext, type Subject } from "./encode-page.ts";
import { iconOf, pageHtml, webviewOptions } from "./page.ts";
import type { PanelMemory } from "./panel-memory.ts";

export const encodeViewType = "latentLab.encode";

/** Each is a process, and a stretch of the page; more are a matter for the command line. */
const maximumPictures = 100;

/** What a panel keeps over a reload. */
const savedStateSchema = z.lazy(() =>
  z.object({
    version: z.literal(1),
    pictures: z.array(z.string()).check(z.minLength(1)),
    leftOut: z._default(z.number(), 0),
    run: z.nullable(z.string()),
  }),
);

export interface EncodeContext extends EncodePageContext {
  readonly extension: vscode.Uri;
  /** Panels that are open, by the paths of their pictures. */
  readonly open: Map<string, OpenEncodePanel>;
  readonly memory: PanelMemory;
}

interface OpenEncodePanel {
  readonly panel: vscode.WebviewPanel;
  readonly page: EncodePage;
}

/**
 * Opens a panel beside the editor for the first of `selected`, encoded with the newest run; or brings forward the one
 * there is, and encodes them again: the files may have changed.
 */
export function openEncodePanel(context: EncodeContext, selected: readonly vscode.Uri[]): void {
  const pictures = selected.slice(0, maximumPictures);
  const leftOut = selected.length - pictures.length;
  const paths = pictures.map(({ fsPath }) => fsPath);
  const known = context.open.get(keyOf(paths));
  if (known !== undefined) {
    known.panel.reveal();
    known.page.startAgain(leftOut);
    return;
  }
  setContext("hasShownEncodePanel", true);
  const [first] = pictures;
  const title =
    pictures.length === 1 && first !== undefined ? basename(first.fsPath) : `${pictures.length} pictures`;
  const panel = vscode.window.createWebviewPanel(
    encodeViewType,
    `Encode ${title}`,
    vscode.ViewColumn.Beside,
    webviewOptions(context.extension),
  );
  context.memory.keep(panel.title, { version: 1, pictures: paths, leftOut, run: null });
  const page = furnishEncodePanel(context, panel, { pictures, leftOut, run: null });
  keepWhileOpen(context, { panel, page }, paths);
}

/** Brings the panels of a window back after a reload. */
export class EncodePanelSerializer implements vscode.WebviewPanelSerializer {
  readonly #context: EncodeContext;

  constructor(context: EncodeContext) {
    this.#context = context;
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = savedStateSchema.safeParse(state ?? this.#context.memory.recall(panel.title));
    if (!saved.success) {
      panel.dispose();
      return;
    }
    const { leftOut, run } = saved.data;
    const pictures = saved.data.pictures.map((path) => vscode.Uri.file(path));
    const page = furnishEncodePanel(this.#context, panel, { pictures, leftOut, run });
    keepWhileOpen(this.#context, { panel, page }, saved.data.pictures);
  }
}

function keepWhileOpen(
  { open, memory }: EncodeContext,
  opened: OpenEncodePanel,
  pictures: readonly string[],
): void {
  const key = keyOf(pictures);
  open.set(key, opened);
  // A panel that is closed cannot be asked any more.
  const { title } = opened.panel;
  opened.panel.onDidDispose(() => {
    if (open.get(key) === opened) open.delete(key);
    memory.forget(title);
  });
}

function keyOf(pictures: readonly string[]): string {
  return pictures.join("\n");
}

/** Makes `panel` the page about `subject`, whoever has created it. */
export function furnishEncodePanel(
  context: EncodeContext,
  panel: vscode.WebviewPanel,
  subject: Subject,
): EncodePage {
  panel.webview.options = webviewOptions(context.extension);
  panel.iconPath = iconOf(context.extension);
  const page = new EncodePage(context, panel.webview, subject);
  panel.onDidDispose(() => page.dispose());
  panel.webview.html = pageHtml(panel.webview, context.extension, {
    panel: "encode",
    title: panel.title,
    layout: "wide",
  });
  return page;
}
