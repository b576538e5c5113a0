// Protects --notify and --notify-command of `nextstrain jobs watch` and `jobs attach`: whoever asks for it hears of each job's end, once.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeProgram } from "../support/fake-program.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { runIdOf, runTool } from "../support/run-tool.ts";
import { startInTerminal } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

describe.skipIf(!(have("zip") && have("unzip")))("notifications (need zip and unzip)", () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const start = async (script: string) =>
    runIdOf(await place.build(script, "--detach", "--aws-batch-cpus", "1")).slice(0, 8);
  const toldIn = async (name: string) =>
    (await readFile(join(place.home, name), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  test("jobs watch gives each job to the command once its results are here; a failure of it is one warning", async () => {
    const ids = [await start("echo 1 > one.txt"), await start("exit 4")];
    const result = await place.run(
      ...["jobs", "watch", "--json", ...ids, "--notify-command", 'cat >> "$HOME/watched"; exit 7'],
    );
    expect(result.exitStatus).toBe(1);
    expect(result.stderr.match(/Warning: .*/g)).toEqual([
      "Warning: The command to notify you failed (exit status 7).",
    ]);
    const told = await toldIn("watched");
    for (const job of told) expect(breaches(job, "job")).toEqual([]);
    expect(
      told.map(({ runId, status, resultsLeft }) => [runId.slice(0, 8), status, resultsLeft]).toSorted(),
    ).toEqual(
      [
        [ids[0], "SUCCEEDED", false],
        [ids[1], "FAILED", false],
      ].toSorted(),
    );
  });

  test("the config file's notify-command is used, unless notify is off", async () => {
    const config = join(place.home, ".nextstrain", "config");
    await mkdir(join(place.home, ".nextstrain"), { recursive: true });
    const lines = ["[aws-batch]", 'notify-command = cat >> "$HOME/configured"'];
    await writeFile(config, lines.join("\n"));
    const first = await start("true");
    expect((await place.run("jobs", "attach", first)).exitStatus).toBe(0);
    await writeFile(config, [...lines, "notify = off"].join("\n"));
    const second = await start("true");
    expect((await place.run("jobs", "attach", second)).exitStatus).toBe(0);
    await writeFile(config, "");
    expect((await toldIn("configured")).map(({ runId }) => runId.slice(0, 8))).toEqual([first]);
    const bad = await runTool(["jobs", "attach", second], {
      env: { ...place.env, NEXTSTRAIN_AWS_BATCH_NOTIFY: "yes" },
    });
    expect([bad.exitStatus, bad.stderr]).toEqual([
      2,
      "Error: “yes” (from NEXTSTRAIN_AWS_BATCH_NOTIFY) is neither on nor off.\n",
    ]);
  });

  test("the desktop's program gets a directory's name as it is, as one argument", async () => {
    const { directory, calls } = await fakeProgram(join(place.home, "desktop", "notify-send"));
    const built = join(place.home, '--help"; $(touch x) <b>');
    await mkdir(built);
    await writeFile(join(built, "Snakefile"), "");
    const env = { ...place.env, WAYLAND_DISPLAY: "wayland-0", PATH: `${directory}:${place.env.PATH}` };
    const args = ["--aws-batch", "--local-aws", "--detach", "--exec", "sh", built, "-c", "exit 5"];
    const id = runIdOf(await runTool(["build", ...args], { env })).slice(0, 8);
    expect((await runTool(["jobs", "watch", id, "--notify"], { env })).exitStatus).toBe(1);
    expect((await calls()).map((call) => call.args)).toEqual([
      [
        ...["--app-name=nextstrain", "--", 'FAILED: ~/--help"; $(touch x) <b>'],
        expect.stringMatching(`^Job ${id} is over after \\d+s\\. To see why: nextstrain jobs show ${id}$`),
      ],
    ]);
  });

  test.skipIf(!have("python3"))(
    "without a desktop the terminal's bell rings, and without being asked for it doesn't (needs python3)",
    async () => {
      const id = await start("true");
      const watch = (...options: string[]) =>
        startInTerminal(["jobs", "watch", id, ...options], { env: place.env, cwd: place.home }).ended;
      const asked = await watch("--notify");
      expect(asked.exitStatus).toBe(0);
      expect(asked.raw.split("\x07")).toHaveLength(2);
      expect((await watch()).raw).not.toContain("\x07");
    },
  );
});
