// Protects that a rebuild on AWS Batch makes anew what a rebuild here makes, wherever it begins and whatever Snakemake is asked for.
import { mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../support/container-engine.ts";
import { have } from "../support/have.ts";
import { testImage } from "../support/image.ts";
import { directoryAt } from "../support/rebuild-edits.ts";
import { type Kit, kitFor, type Rebuild, rebuilds } from "../support/rebuild-starts.ts";
import { rulesRun, treeOf, wouldRun } from "../support/rebuilds.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const tools = ["zip", "unzip", "snakemake"].every(have);
const image = await testImage();
const engine = await testEngine();
const without = typeof image === "string" ? "" : ` (without containers: ${image.skip})`;

describe.skipIf(!tools)(`a rebuild${without} (needs zip, unzip and snakemake)`, { timeout: 900_000 }, () => {
  let place: Workplace;
  let kit: Kit;
  let built: Promise<string> | undefined;
  beforeAll(async () => {
    place = await workplace();
    Object.assign(place.env, "env" in engine ? engine.env : {});
    await mkdir(place.directory, { recursive: true });
    kit = kitFor(place, typeof image === "string" ? ["--docker", "--image", image] : undefined);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const builtOnBatch = async () => {
    const directory = await kit.fresh("built");
    await kit.batch(directory);
    return directory;
  };

  async function rebuiltHere(start: string, { args = [], here }: Rebuild) {
    const directory = await kit.copy(start, "here");
    here?.edit?.(directoryAt(directory));
    const result = await kit.here(directory, { args: here?.args ?? args });
    return outcome(directory, result, here?.args);
  }
  async function rebuiltThere(start: string, { args = [], options = [], here }: Rebuild, how: string[]) {
    const directory = await kit.copy(start, "there");
    const result = await kit.batch(directory, { options: [...how, ...options], args });
    return outcome(directory, result, here?.args);
  }
  /** What ran, what is there now, and what Snakemake would do next. */
  async function outcome(
    directory: string,
    result: Parameters<typeof rulesRun>[0],
    args?: readonly string[],
  ) {
    const next = await wouldRun(directory, args);
    return { ran: rulesRun(result), tree: await treeOf(directory), next: next.rules };
  }

  test.each(rebuilds)("$name", async (rebuild) => {
    const { start, edit, runs, here, needsEngine } = rebuild;
    if (needsEngine && kit.docker === undefined) return;
    built ??= builtOnBatch();
    const directory = await kit.copy(start ? await start(kit) : await built, "start");
    edit?.(directoryAt(directory));
    const [local, asProcesses, inContainers] = await Promise.all([
      rebuiltHere(directory, rebuild),
      rebuiltThere(directory, rebuild, []),
      typeof image === "string" ? rebuiltThere(directory, rebuild, ["--image", image]) : undefined,
    ]);
    expect(local.ran).toEqual(runs);
    for (const there of [asProcesses, inContainers]) {
      if (there === undefined) continue;
      expect(there.ran).toEqual(runs);
      expect(there.next).toEqual(local.next);
      // What is not uploaded stays here.
      if (here?.edit === undefined) expect(there.tree).toEqual(local.tree);
    }
  });
});
