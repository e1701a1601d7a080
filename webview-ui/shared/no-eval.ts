/**
 * Imported before everything else: keeps zod from trying out whether it may compile code. It may not, and a panel's
 * content security policy would report each attempt.
 */
import * as z from "zod/mini";

z.config({ jitless: true });
