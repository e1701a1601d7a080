// A reporter for node:test: one line per file of tests, then all there is to know about what failed, then what was
// skipped and why. The counts go as JSON to the file that LATENT_LAB_TEST_COUNTS names; scripts/test.mjs adds its own
// checks and prints the last line.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { inspect } from "node:util";

export default async function* report(events) {
  const failures = [];
  const skips = [];
  const printed = [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const files = new Map();
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") printed.push(data.message);
    if (type === "test:diagnostic" && data.message.startsWith("second try")) yield `  ${data.message}\n`;
    if (!isResult(type, data)) continue;
    const file = relative(process.cwd(), data.file ?? data.name);
    const outcome = outcomeOf(type, data);
    counts[outcome]++;
    const tally = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    tally[outcome]++;
    files.set(file, tally);
    if (outcome === "skipped") skips.push(`  ${file}: ${data.name} (${reasonOf(data)})\n`);
    if (outcome === "failed") {
      failures.push(describe(file, data));
      yield `✖ ${file}: ${data.name}\n`;
    }
  }
  for (const [file, tally] of [...files].sort()) yield lineFor(file, tally);
  if (failures.length > 0 && printed.length > 0) yield `\nPrinted by the tests:\n${printed.join("")}`;
  yield failures.join("");
  if (skips.length > 0) yield `\nSkipped:\n${skips.join("")}`;
  const target = process.env.LATENT_LAB_TEST_COUNTS;
  if (target) writeFileSync(target, JSON.stringify(counts));
}

/** Tests count; suites and tests that failed only because one inside them did are containers. */
function isResult(type, data) {
  if (type !== "test:pass" && type !== "test:fail") return false;
  if (data.details?.error?.failureType === "subtestsFailed") return false;
  return data.details?.type !== "suite" || (type === "test:fail" && data.skip === undefined);
}

function outcomeOf(type, { skip, todo }) {
  if (skip !== undefined || todo !== undefined) return "skipped";
  return type === "test:pass" ? "passed" : "failed";
}

function reasonOf({ skip, todo }) {
  const reason = skip ?? todo;
  if (typeof reason === "string" && reason !== "") return reason;
  return skip === undefined ? "to do" : "no reason given";
}

function lineFor(file, { passed, failed, skipped }) {
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return `${failed > 0 ? "✖" : "✔"} ${file}: ${parts.join(", ")}\n`;
}

function describe(file, { name, line, details }) {
  const place = line === undefined ? file : `${file}:${line}`;
  const error = details?.error;
  const cause = error?.cause ?? error;
  const text = typeof cause === "string" ? cause : inspect(cause, { depth: 4 });
  return `\n✖ ${name}\n  at ${place}\n${text.replaceAll(/^/gm, "    ")}\n`;
}
