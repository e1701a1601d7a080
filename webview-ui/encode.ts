/** The encode panel, and what the editor of `.latent` files shows: starts it. */
import "./shared/no-eval.ts";
import {
  type FromEncodePanel,
  type ToEncodePanel,
  toEncodePanelSchema,
  viewProtocolVersion,
} from "../src/contract/view.ts";
import { registerControls } from "./controls.ts";
import { EncodePanel, type EncodeState, encodeStateSchema } from "./encode/encode-panel.ts";
import { Host } from "./host.ts";

const host = new Host<ToEncodePanel, FromEncodePanel, EncodeState>(
  viewProtocolVersion,
  toEncodePanelSchema,
  encodeStateSchema,
);
registerControls();
const panel = new EncodePanel(host);
document.body.append(panel.element);
host.listen((message) => panel.take(message));
