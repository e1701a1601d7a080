/** A window of the workbench, and the way to its parts: what a person sees and does, in sentences. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { eventually } from "../fixtures/eventually.ts";
import { Editors } from "./editors.ts";
import { Explorer } from "./explorer.ts";
import { Notifications } from "./notifications.ts";
import { Panel } from "./panel.ts";
import { QuickInput } from "./quick-input.ts";
import { SideBar } from "./side-bar.ts";
import { StatusBar } from "./status-bar.ts";

const artefacts = fileURLToPath(new URL("../../test-artefacts/workbench/", import.meta.url));

export class WorkbenchWindow {
  /** For what no method says. */
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly statusBar: StatusBar;
  readonly notifications: Notifications;
  readonly explorer: Explorer;
  readonly editors: Editors;
  readonly sideBar: SideBar;

  constructor(page: Page) {
    this.page = page;
    this.quickInput = new QuickInput(page);
    this.statusBar = new StatusBar(page);
    this.notifications = new Notifications(page);
    this.explorer = new Explorer(page);
    this.editors = new Editors(page, this.quickInput);
    this.sideBar = new SideBar(page);
  }

  /** The workbench is there, and knows what its extensions contribute. */
  async waitUntilReady(): Promise<void> {
    await this.page.locator(".monaco-workbench .statusbar-item").first().waitFor();
    // All contributions come at once, ours among them.
    await this.sideBar.waitFor("Latent Lab");
  }

  /** Runs what the palette calls "Category: Title", as soon as it offers that. */
  async runCommand(name: string): Promise<void> {
    await eventually(`the command ${name}`, () => this.quickInput.tryCommand(name));
  }

  /** Whether the palette offers a command now. */
  async offersCommand(name: string): Promise<boolean> {
    await this.quickInput.openPalette();
    const rows = await this.quickInput.rowsFor(name);
    await this.quickInput.cancel();
    return rows.includes(name);
  }

  /** The panel, side view or custom editor in whose document `selector` is found, as soon as there is one. */
  async panel(selector: string): Promise<Panel> {
    const find = async () => {
      for (const frame of this.page.frames()) {
        // A frame may go while it is asked.
        const found = await frame
          .locator(selector)
          .count()
          .catch(() => 0);
        if (found > 0 && frame.parentFrame()?.parentFrame()) return new Panel(frame, this.page);
      }
      return undefined;
    };
    // The first panel of a browser waits for its service worker, beside a training for half a minute and more.
    return eventually(`a panel with ${selector}`, find, 60);
  }

  /** Shows a theme by its title: "Light Modern", "Dark Modern", "Dark High Contrast" or "Light High Contrast". */
  async useTheme(title: string): Promise<void> {
    await this.runCommand("Preferences: Color Theme");
    await this.quickInput.pick(title);
  }

  /** The kind of theme that the workbench shows: "vs", "vs-dark", "hc-black" or "hc-light". */
  async themeKind(): Promise<string> {
    const classes = (await this.page.locator(".monaco-workbench").first().getAttribute("class")) ?? "";
    return classes.split(" ").find((name) => /^(?:vs|vs-dark|hc-black|hc-light)$/.test(name)) ?? "";
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.waitUntilReady();
  }

  /** As a closed browser tab: without saying goodbye to anything. */
  async close(): Promise<void> {
    await this.page.close();
  }

  /** A picture of the window, kept in test-artefacts/ to be looked at. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(artefacts, { recursive: true });
    await this.page.screenshot({ path: `${artefacts}${name}.png` });
  }
}
