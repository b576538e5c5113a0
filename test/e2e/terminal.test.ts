import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { localEnvironment, startFront } from "../support/front.ts";
import { have } from "../support/have.ts";
import { startTool } from "../support/run-tool.ts";
import { startInTerminal, type TerminalOptions } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const CONTROL_C = "\x03";
const CONTROL_Z = "\x1a";
const REATTACH = /^NEXTSTRAIN_HOME=\S+ nextstrain build --aws-batch --local-aws --attach [0-9a-f-]{36} \//;

let shared: Workplace;
beforeAll(async () => {
  shared = await workplace();
  await shared.run("local-aws", "start");
});
afterAll(() => shared[Symbol.asyncDispose]());

/** A directory of the test's own; its jobs end with the test at the latest, where they wait for `stop`. */
async function prepared(): Promise<Workplace> {
  const place = await shared.another();
  onTestFinished(() => place.write("../flags/stop", ""));
  await place.write("Snakefile", "rule all:\n");
  return place;
}

function buildInTerminal(
  place: Workplace,
  script: string,
  options: readonly string[] = [],
  terminal: Partial<TerminalOptions> = {},
) {
  const args = [
    "build",
    "--aws-batch",
    "--local-aws",
    ...options,
    "--exec",
    "sh",
    place.directory,
    "-c",
    script,
  ];
  return startInTerminal(args, { env: { ...place.env, TERM: "xterm" }, cwd: place.home, ...terminal });
}

/** A local AWS behind a server that can hold requests back, used as AWS itself is. */
async function behindFront() {
  const place = await prepared();
  const { endpoint, variables } = await localEnvironment(place);
  const front = await startFront(endpoint);
  onTestFinished(() => front[Symbol.asyncDispose]());
  return { place, front, env: { ...place.env, ...variables, AWS_ENDPOINT_URL: front.url } };
}

function slowBuild({ directory }: Workplace): readonly string[] {
  return ["build", "--aws-batch", "--exec", "sh", directory, "-c", "echo result > result.txt"];
}

/** Runs until it is told to end, and leaves a result. */
const waits = ({ flags }: Workplace) =>
  `echo started; while ! test -e ${flags}/stop; do sleep 0.1; done; echo result > result.txt`;
/** What nothing may be added to by a build that is cancelled before its job is submitted. */
const kept = async (place: Workplace) => [
  ...(await place.objects()),
  ...(await readdir(join(place.home, ".nextstrain/aws-batch/runs")).catch(() => [])),
];

describe.skipIf(!have("python3"))("in a terminal (needs python3)", () => {
  test("a build leaves the terminal as it was, and only its lines on the screen", async () => {
    const place = await prepared();
    const go = join(place.flags, "go");
    const run = buildInTerminal(
      place,
      `printf '\\033[32mgreen\\033[0m\\n'; until [ -e ${go} ]; do sleep 0.1; done; echo 1 > result.txt`,
    );
    await run.seen(/Job now RUNNING/);
    await place.write("../flags/go", "");
    const { lines, raw, exitStatus, settingsKept } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(settingsKept).toBe(true);
    expect(raw).toMatch(/(SUBMITTED|RUNNABLE|STARTING|RUNNING) for 0s/);
    expect(raw).toContain("\x1b[32mgreen\x1b[0m");
    expect(raw).toContain("Downloading 0 B of 2 B (0%)");
    // The cursor is never hidden, so that nothing can leave it so.
    expect(raw).not.toContain("\x1b[?");
    expect(lines.filter((line) => / for \d+s/.test(line))).toEqual([]);
    expect(lines).toContain("Job now RUNNING");
    expect(lines.at(-1)).toBe("downloaded: result.txt");
  });

  test("Snakemake's progress is read off the log, above which it stays undisturbed", async () => {
    const place = await prepared();
    const run = buildInTerminal(
      place,
      `printf 'rule tree:\\n    jobid: 2\\n\\n3 of 8 steps (38%%) done\\n'; echo last; ${waits(place)}`,
      ["--no-download"],
    );
    await run.seen(/RUNNING for \d+s: 3 of 8 steps, tree/);
    run.type(CONTROL_Z);
    const { lines, exitStatus } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(lines.some((line) => /^\[batch\] \[[^\]]+\] last$/.test(line))).toBe(true);
    expect(lines.some((line) => line.includes("RUNNING for"))).toBe(false);
  });

  test("the live line keeps to a narrow terminal's width, and follows a resize", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place), ["--no-download"], { columns: 12 });
    await run.seen(/RUNNING fo…/);
    run.resize(80);
    await run.seen(/RUNNING for \d+s/);
    run.type(CONTROL_Z);
    expect((await run.ended).exitStatus).toBe(0);
  });

  test("the upload's progress: bytes of all, rate and time left", async () => {
    const { place, front, env } = await behindFront();
    await place.write("data", randomBytes(20 * 2 ** 20).toString("latin1"));
    const part = front.hold(/^PUT .*partNumber=3/);
    const run = startInTerminal(slowBuild(place), { env, cwd: place.home });
    await run.seen(/Uploading \d+\.\d MiB of \d+\.\d MiB \(\d+%\), \d+\.\d [KM]iB\/s, \d+s left/);
    part.release();
    expect((await run.ended).exitStatus).toBe(0);
  });

  test("NO_COLOR takes the log's colours away, and nothing else", async () => {
    const place = await prepared();
    const script = "printf '\\033[32mgreen\\033[0m\\n'";
    const run = buildInTerminal(place, script, [], { env: { ...place.env, TERM: "xterm", NO_COLOR: "1" } });
    const { raw, exitStatus } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(raw).toMatch(/\] green\r\n/);
    expect(raw).not.toContain("\x1b[32m");
    expect(raw).toMatch(/ for 0s/);
  });

  test("a dumb terminal gets lines without control characters", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, "echo hello", [], { env: { ...place.env, TERM: "dumb" } });
    const { raw, exitStatus } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(raw).toMatch(/\] hello\r\n/);
    expect(raw).not.toContain("\x1b");
  });

  test("Control-C twice cancels the job; once only hints", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place));
    await run.seen(/\] started/);
    run.type(CONTROL_C);
    await run.seen(/Press Control-C again within 10 seconds/);
    run.type(CONTROL_C);
    await run.seen(/Cancelling the job/);
    const { lines, exitStatus, settingsKept } = await run.ended;
    expect(exitStatus).toBe(130);
    expect(settingsKept).toBe(true);
    expect(lines.some((line) => line.startsWith("Job FAILED"))).toBe(true);
  });

  test("Control-C a third time leaves at once, with the way back as the last line", async () => {
    const place = await prepared();
    // It takes its time to end: the entrypoint by itself ignores SIGTERM.
    const env = { ...place.env, NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };
    const run = buildInTerminal(place, waits(place), [], { env });
    await run.seen(/\] started/);
    run.type(CONTROL_C);
    await run.seen(/Press Control-C again/);
    run.type(CONTROL_C);
    await run.seen(/Cancelling the job/);
    run.type(CONTROL_C);
    const { lines, exitStatus } = await run.ended;
    expect(exitStatus).toBe(130);
    expect(lines.at(-1)).toMatch(REATTACH);
  });

  test("Control-C once cancels where standard input is no terminal", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place), [], { stdin: "nothing" });
    await run.seen(/\] started/);
    run.type(CONTROL_C);
    await run.seen(/Cancelling the job/);
    run.type(CONTROL_C);
    const { lines, exitStatus } = await run.ended;
    expect(exitStatus).toBe(130);
    expect(lines.some((line) => line.includes("Press Control-C again"))).toBe(false);
  });

  test("Control-C detaches where that is asked for", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place), ["--detach-on-interrupt"]);
    await run.seen(/\] started/);
    run.type(CONTROL_C);
    const { lines, exitStatus } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(lines.at(-1)).toMatch(REATTACH);
  });

  test("Control-Z while the job runs detaches, and the last line brings the results", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place));
    await run.seen(/\] started/);
    run.type(CONTROL_Z);
    const { lines, exitStatus, settingsKept } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(settingsKept).toBe(true);
    const command = lines.at(-1) ?? "";
    expect(command).toMatch(REATTACH);
    await place.write("../flags/stop", "");
    const words = command.split(" ").slice(2);
    const attached = await startInTerminal(words, { env: place.env, cwd: place.home }).ended;
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("result.txt")).toBe("result\n");
  });

  test("Control-C before the job is submitted cleans up: nothing stays in the bucket or among the records", async () => {
    const { place, front, env } = await behindFront();
    const before = await kept(place);
    const submission = front.hold(/ \/v1\/submitjob$/);
    const run = startInTerminal(slowBuild(place), { env, cwd: place.home });
    await submission.arrived;
    run.type(CONTROL_C);
    submission.release();
    const { lines, exitStatus, settingsKept } = await run.ended;
    expect(exitStatus).toBe(130);
    expect(settingsKept).toBe(true);
    expect(lines.at(-1)).toMatch(/Cancelled\.$/);
    expect((await kept(place)).filter((name) => !before.includes(name))).toEqual([]);
  });

  test("Control-C in the middle of the upload does, too", async () => {
    const { place, front, env } = await behindFront();
    const before = await kept(place);
    const upload = front.hold(/^PUT .*\.zip/);
    const run = startInTerminal(slowBuild(place), { env, cwd: place.home });
    await run.seen(/Uploading 0 B/);
    await upload.arrived;
    run.type(CONTROL_C);
    const { lines, exitStatus } = await run.ended;
    upload.release();
    expect(exitStatus).toBe(130);
    expect(lines.at(-1)).toMatch(/Cancelled\.$/);
    expect((await kept(place)).filter((name) => !before.includes(name))).toEqual([]);
  });

  test("Control-Z before the job is submitted suspends, as in any program", async () => {
    const { place, front, env } = await behindFront();
    const upload = front.hold(/^PUT .*\.zip/);
    const run = startInTerminal(slowBuild(place), { env, cwd: place.home });
    await upload.arrived;
    run.type(CONTROL_Z);
    await run.suspended();
    upload.release();
    run.resume();
    const { lines, exitStatus, settingsKept } = await run.ended;
    expect(exitStatus).toBe(0);
    expect(settingsKept).toBe(true);
    expect(lines.at(-1)).toBe("downloaded: result.txt");
  });

  test.each([
    ["Control-C", CONTROL_C, 130],
    ["Control-Z", CONTROL_Z, 0],
  ])("%s while the results come leaves, and the last line brings the rest", async (_, key, status) => {
    const { place, front, env } = await behindFront();
    const reading = front.hold(/^GET .*\.zip/);
    const run = startInTerminal(slowBuild(place), { env, cwd: place.home });
    await run.seen(/Job SUCCEEDED/);
    await reading.arrived;
    run.type(key);
    const { lines, exitStatus } = await run.ended;
    reading.release();
    expect(exitStatus).toBe(status);
    expect(lines.at(-1)).toMatch(/ nextstrain build --aws-batch --attach [0-9a-f-]{36} \//);
  });

  test("a window that is closed detaches: the job goes on", async () => {
    const place = await prepared();
    const run = buildInTerminal(place, waits(place));
    await run.seen(/AWS Batch Job ID: [0-9a-f-]{36}/);
    await run.seen(/\] started/);
    run.hangUp();
    const { raw, exitStatus } = await run.ended;
    expect(exitStatus).toBe(0);
    await place.write("../flags/stop", "");
    const id = /AWS Batch Job ID: ([0-9a-f-]{36})/.exec(raw)?.[1] ?? "";
    const attached = await place.run("build", "--aws-batch", "--local-aws", "--attach", id, place.directory);
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("result.txt")).toBe("result\n");
  });
});

test("where standard output is no terminal there are no control characters", async () => {
  const place = await prepared();
  const { stdout, stderr, exitStatus } = await place.build(
    "printf '\\033[32mgreen\\033[0m\\033[2K\\n'; sleep 1",
  );
  expect(exitStatus).toBe(0);
  expect(stdout).toMatch(/\] green\n/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
});

test("a reader that goes away detaches from the job: standard error has the command that attaches to it", async () => {
  const place = await prepared();
  const go = join(place.flags, "go");
  const script = `until [ -e '${go}' ]; do echo waiting; sleep 0.2; done; echo result > result.txt`;
  const run = place.startBuild(script);
  await run.seen(/\] waiting/);
  run.child.stdout?.destroy();
  const { stderr, exitStatus } = await run.ended;
  expect(exitStatus).toBe(141);
  const [lead, command = "", ...rest] = stderr.split("\n");
  expect([lead, ...rest]).toEqual(["To see the job's log and get its results later, run:", ""]);
  await writeFile(go, "");
  const id = /nextstrain build --aws-batch --local-aws --attach ([0-9a-f-]{36}) /.exec(command)?.[1] ?? "";
  const attached = await place.run("build", "--aws-batch", "--local-aws", "--attach", id, place.directory);
  expect([attached.exitStatus, attached.stderr]).toEqual([0, ""]);
  expect(await place.read("result.txt")).toBe("result\n");
});

test("a reader that goes away ends the program in silence", async () => {
  const place = await prepared();
  const run = startTool(["help"], { env: place.env, cwd: place.home });
  run.child.stdout?.destroy();
  const { stderr, exitStatus } = await run.ended;
  expect(stderr).toBe("");
  expect([0, 141]).toContain(exitStatus);
});
