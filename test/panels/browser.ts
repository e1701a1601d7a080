/**
 * A panel in a browser without VS Code: the built files in a page with the content security policy that the
 * extension sets, VS Code's theme variables, and its `acquireVsCodeApi`, which notes down what the panel says.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { PanelTheme } from "./themes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Ignored by git: pictures of the panels, to be looked at. */
const artefacts = join(root, "test-artefacts/panels");
const origin = "https://panel.test";

export async function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export interface PanelOptions {
  readonly panel: "dashboard" | "encode";
  readonly theme: PanelTheme;
  readonly size?: { readonly width: number; readonly height: number };
  readonly layout?: "narrow";
  /** What the system asks for. */
  readonly reducedMotion?: "reduce";
  /** What the panel finds as its kept state. */
  readonly state?: unknown;
}

export class Panel {
  readonly page: Page;
  /** What went wrong in the page beside what the panel reported itself. */
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error.message));
  }

  /** Sends messages as the extension does: in order, byte arrays as byte arrays. */
  async post(...messages: readonly unknown[]): Promise<void> {
    await this.page.evaluate((encoded) => {
      const decode = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(decode);
        if (typeof value !== "object" || value === null) return value;
        if ("$floats" in value) {
          const { buffer } = decode({ $bytes: value.$floats }) as Uint8Array<ArrayBuffer>;
          return new Float64Array(buffer);
        }
        if ("$bytes" in value) {
          const binary = atob(String(value.$bytes));
          const bytes = new Uint8Array(binary.length);
          for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
          return bytes;
        }
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decode(inner)]));
      };
      for (const message of encoded) window.postMessage(decode(message), "*");
    }, messages.map(encode));
    await this.frames();
  }

  /** What the panel has said so far; bytes as a Buffer. */
  async said(kind: string): Promise<Record<string, unknown>[]> {
    const messages = await this.page.evaluate((wanted) => {
      const encode = (bytes: Uint8Array): string => {
        let binary = "";
        for (let at = 0; at < bytes.length; at += 8192)
          binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
        return btoa(binary);
      };
      return (window as unknown as { said: Record<string, unknown>[] }).said
        .filter((message) => message.kind === wanted)
        .map((message) =>
          Object.fromEntries(
            Object.entries(message).map(([key, value]) => [
              key,
              value instanceof Uint8Array ? { $bytes: encode(value) } : value,
            ]),
          ),
        );
    }, kind);
    return messages.map((message) =>
      Object.fromEntries(Object.entries(message).map(([key, value]) => [key, decode(value)])),
    );
  }

  /** The text of the first element that matches. */
  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().textContent()) ?? "";
  }

  /** What the content security policy has refused. */
  async violations(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { violations: string[] }).violations);
  }

  /** Waits until the panel has said `count` messages of this kind; the last of them. */
  async heard(kind: string, count = 1): Promise<Record<string, unknown>> {
    await this.page.waitForFunction(
      ({ wanted, least }) =>
        (window as unknown as { said: Record<string, unknown>[] }).said.filter(
          (message) => message.kind === wanted,
        ).length >= least,
      { wanted: kind, least: count },
    );
    return (await this.said(kind)).at(-1) ?? {};
  }

  /** Notes down, from now on, what assistive technology is told; the result gives that. */
  async spoken(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const shared = window as unknown as { spoken: string[] };
      shared.spoken = [];
      for (const region of document.querySelectorAll("[aria-live]"))
        new MutationObserver(() => shared.spoken.push(region.textContent ?? "")).observe(region, {
          childList: true,
          characterData: true,
          subtree: true,
        });
    });
    return () => this.page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
  }

  async state(): Promise<unknown> {
    return this.page.evaluate(() => (window as unknown as { kept: unknown }).kept);
  }

  /** Waits until what was asked for has been drawn. */
  async frames(): Promise<void> {
    await this.page.evaluate(
      () =>
        new Promise<void>((resolve) =>
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 0))),
        ),
    );
  }

  /** A picture of the whole panel in the ignored folder. */
  async picture(name: string): Promise<void> {
    await mkdir(artefacts, { recursive: true });
    await this.page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true });
  }

  /** How many different colours the canvas has: a blank one has one. */
  async colours(selector: string): Promise<number> {
    return this.page.locator(selector).evaluate((canvas: HTMLCanvasElement) => {
      const context = canvas.getContext("2d");
      if (context === null || canvas.width === 0 || canvas.height === 0) return 0;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
  }

  /** The canvas's pixels as a number that changes when they do. */
  async print(selector: string): Promise<number> {
    return this.page.locator(selector).evaluate((canvas: HTMLCanvasElement) => {
      const context = canvas.getContext("2d");
      if (context === null) return 0;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((hash, value) => Math.imul(hash, 31) + value, canvas.width);
    });
  }
}

export async function openPanel(browser: Browser, options: PanelOptions): Promise<Panel> {
  const page = await browser.newPage({
    viewport: options.size ?? { width: 1000, height: 900 },
    reducedMotion: options.reducedMotion ?? "no-preference",
  });
  const panel = new Panel(page);
  await page.route(`${origin}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === "") return route.fulfill({ contentType: "text/html", body: html(options) });
    const file = join(root, "dist/webview", name);
    const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
    return route.fulfill({ contentType, body: await readFile(file) });
  });
  await page.addInitScript(
    ({ variables, state }) => {
      const shared = window as unknown as {
        said: unknown[];
        violations: string[];
        kept: unknown;
        acquireVsCodeApi(): unknown;
      };
      shared.said = [];
      shared.violations = [];
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, sourceFile, blockedURI }) =>
        shared.violations.push(`${violatedDirective} ${blockedURI} ${sourceFile ?? ""}`),
      );
      shared.kept = state;
      shared.acquireVsCodeApi = () => ({
        postMessage: (message: unknown) => shared.said.push(structuredClone(message)),
        getState: () => shared.kept,
        setState: (next: unknown) => {
          shared.kept = structuredClone(next);
        },
      });
      new MutationObserver((_, observer) => {
        if (document.documentElement === null) return;
        observer.disconnect();
        for (const [name, value] of Object.entries(variables))
          document.documentElement.style.setProperty(`--vscode-${name}`, value);
      }).observe(document, { childList: true });
    },
    { variables: options.theme.variables, state: options.state },
  );
  await page.goto(origin);
  await page.waitForFunction(() => (window as unknown as { said: unknown[] }).said.length > 0);
  return panel;
}

/** The theme of an open panel becomes another, as VS Code does it. */
export async function changeTheme(panel: Panel, theme: PanelTheme): Promise<void> {
  await panel.page.evaluate(({ bodyClass, variables }) => {
    for (const [name, value] of Object.entries(variables))
      document.documentElement.style.setProperty(`--vscode-${name}`, value);
    document.body.className = bodyClass;
  }, theme);
  await panel.frames();
}

function html({ panel, theme, layout }: PanelOptions): string {
  const policy = `default-src 'none'; img-src ${origin} blob: data:; style-src ${origin}; script-src 'nonce-tested'; font-src ${origin}`;
  const narrow = layout === undefined ? "" : ` data-layout="${layout}"`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${panel}</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="/${panel}.css"></head>
<body class="${theme.bodyClass}" data-panel="${panel}"${narrow}>
<script type="module" nonce="tested" src="/${panel}.js"></script></body></html>`;
}

function decode(value: unknown): unknown {
  const isBytes = typeof value === "object" && value !== null && "$bytes" in value;
  return isBytes ? Buffer.from(String(value.$bytes), "base64") : value;
}

function encode(value: unknown): unknown {
  if (value instanceof Float64Array) return { $floats: Buffer.from(value.buffer).toString("base64") };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encode(inner)]));
}
