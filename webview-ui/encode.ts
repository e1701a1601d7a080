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

registerControls();
const host = new Host<ToEncodePanel, FromEncodePanel, EncodeState>(toEncodePanelSchema, encodeStateSchema);
const panel = new EncodePanel(host);
document.body.append(panel.element);
host.start(viewProtocolVersion, (message) => panel.take(message));
