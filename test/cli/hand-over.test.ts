/** An older Node hands over to the pinned one: same arguments, same outputs, same end. Uses the Node npm runs on. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { runCli, tinyTraining } from "./run-cli.ts";

const older = process.env.LATENT_LAB_TEST_NODE ?? "node";
const version = execFileSync(older, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
const skip = Number.parseInt(version, 10) >= 24 && `npm runs on Node ${version}, which needs no other`;

test("training runs on the pinned Node, unless that is switched off", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const nodeOf = async (environment: NodeJS.ProcessEnv) => {
    await runCli(tinyTraining, { folder, node: older, environment });
    const { runs } = JSON.parse((await runCli(["runs", "--json"], { folder })).stdout);
    return runs.at(-1).record.nodeVersion;
  };
  assert.equal(await nodeOf({}), process.version);
  assert.equal(await nodeOf({ LATENT_LAB_NODE: "current" }), `v${version}`);
});

test("exit codes and both outputs come through", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const usage = await runCli(["trian"], { folder, node: older });
  assert.deepEqual([usage.code, usage.stdout], [2, ""]);
  assert.match(usage.stderr, /Did you mean train\?/);
  const help = await runCli(["--help"], { folder, node: older });
  assert.deepEqual([help.code, help.stderr], [0, ""]);
});

const longTraining = [...tinyTraining, "--epochs", "100000", "--json", "--out", "run"];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends the run tidily`, { skip }, async (t) => {
    const folder = temporaryFolder(t);
    let sent = false;
    const ended = await runCli(longTraining, {
      folder,
      node: older,
      onOutput: (child, stdout) => {
        if (!sent && stdout.includes('"event":"step"')) {
          sent = true;
          child.kill(signal);
        }
      },
    });
    assert.equal(ended.code, 130);
    assert.match(ended.stdout, /"code":"interrupted"/);
  });
}

test("a process that was killed outright leaves nobody training behind it", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  let sent = false;
  const ended = await runCli(longTraining, {
    folder,
    node: older,
    onOutput: (child, stdout) => {
      if (!sent && stdout.includes('"event":"epoch"')) {
        sent = true;
        child.kill("SIGKILL");
      }
    },
  });
  assert.equal(ended.signal, "SIGKILL");
  // Its outputs are closed, so the process behind it has ended as well; its lock is seen to be a dead one's.
  const resumed = await runCli(["train", "--resume", "run", "--json"], {
    folder,
    onOutput: (child, stdout) => {
      if (stdout.includes('"event":"step"')) child.kill("SIGINT");
    },
  });
  assert.equal(resumed.code, 130, resumed.stdout);
  assert.match(resumed.stdout, /"event":"start"/);
});
