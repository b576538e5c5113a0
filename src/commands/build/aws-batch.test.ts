import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import type { BuildRequest } from "../../runtimes/build-request.ts";
import { openSettings } from "../../settings.ts";
import { awsBatchOptions } from "./aws-batch.ts";
import type { BuildOptions } from "./options.ts";

const none: BuildOptions = {
  runtimes: [],
  exec: "snakemake",
  dockerArg: [],
  env: [],
  envdir: [],
  tag: [],
  fanOut: [],
  fanOutFirst: [],
  excludeFromDownload: [],
  excludeFromUpload: [],
  logs: true,
};
const plain: BuildRequest = {
  place: undefined,
  program: "snakemake",
  programArguments: [],
  cpus: undefined,
  memoryBytes: undefined,
  env: [],
  envdirs: [],
  overlays: [],
};

interface Sources {
  readonly options?: Partial<BuildOptions>;
  readonly request?: Partial<BuildRequest>;
  readonly env?: Record<string, string>;
  readonly config?: string;
}

async function resolved({ options = {}, request = {}, env = {}, config = "" }: Sources) {
  await using home = await tempDir();
  await mkdir(join(home.path, ".nextstrain"));
  await writeFile(join(home.path, ".nextstrain", "config"), config);
  const context = testContext({ home: home.path, env });
  const settings = await openSettings(context);
  return await awsBatchOptions(
    context,
    { ...plain, ...request },
    { settings, options: { ...none, ...options } },
  );
}

/** Every setting: its name in the options, as an option, a variable and a key of the config file, and its default. */
const names = [
  ["job", "awsBatchJob", "NEXTSTRAIN_AWS_BATCH_JOB", "[aws-batch]\njob", "nextstrain-job"],
  ["queue", "awsBatchQueue", "NEXTSTRAIN_AWS_BATCH_QUEUE", "[aws-batch]\nqueue", "nextstrain-job-queue"],
  [
    "bucket",
    "awsBatchS3Bucket",
    "NEXTSTRAIN_AWS_BATCH_S3_BUCKET",
    "[aws-batch]\ns3-bucket",
    "nextstrain-jobs",
  ],
  ["image", "image", "NEXTSTRAIN_DOCKER_IMAGE", "[docker]\nimage", undefined],
] as const;

test.each(names)(
  "%s: option, environment, config file, default",
  async (name, option, variable, key, fallback) => {
    const config = `${key} = from-config\n`;
    const env = { [variable]: "from-environment" };
    const chosen = async (sources: Sources) => (await resolved(sources))[name]?.value;
    expect(await chosen({ options: { [option]: "from-option" }, env, config })).toBe("from-option");
    expect(await chosen({ env, config })).toBe("from-environment");
    expect(await chosen({ env: { [variable]: "" }, config })).toBe("from-config");
    expect(await chosen({ config: `${key} =\n` })).toBe(fallback);
    expect(await chosen({})).toBe(fallback);
  },
);

const GIB = 1024 ** 3;
const sizes: readonly [what: string, sources: Sources, cpus: number | undefined, mib: number | undefined][] =
  [
    ["nothing: the job definition's", {}, undefined, undefined],
    ["the general options", { request: { cpus: 8, memoryBytes: 14 * GIB } }, 8, 14_336],
    [
      "Batch's own options over the general ones",
      { request: { cpus: 8, memoryBytes: 14 * GIB }, options: { awsBatchCpus: "2", awsBatchMemory: "1024" } },
      2,
      1024,
    ],
    [
      "the general options over Batch's environment and configuration",
      {
        request: { cpus: 8, memoryBytes: 14 * GIB },
        env: { NEXTSTRAIN_AWS_BATCH_CPUS: "2", NEXTSTRAIN_AWS_BATCH_MEMORY: "1024" },
        config: "[aws-batch]\ncpus = 3\nmemory = 2048\n",
      },
      8,
      14_336,
    ],
    [
      "the environment over the configuration",
      {
        env: { NEXTSTRAIN_AWS_BATCH_CPUS: "2", NEXTSTRAIN_AWS_BATCH_MEMORY: "1gib" },
        config: "[aws-batch]\ncpus = 3\nmemory = 2048\n",
      },
      2,
      1024,
    ],
    ["the configuration", { config: "[aws-batch]\ncpus = 3\nmemory = 2048\n" }, 3, 2048],
  ];

test.each(sizes)("the job's size: %s", async (_, sources, cpus, memoryMib) => {
  expect(await resolved(sources)).toMatchObject({ cpus, memoryMib });
});

test.each<[Partial<BuildOptions>, string[]]>([
  [{ download: ["*.json"] }, ["a.json", "auspice/b.json"]],
  [{ download: ["auspice/**"] }, ["auspice/b.json", "auspice/c.txt"]],
  [{ download: ["*.json", "*.txt"], excludeFromDownload: ["auspice/"] }, ["a.json"]],
  [{ excludeFromDownload: ["*.json"] }, ["auspice/c.txt"]],
  [{ download: ["!*.json"] }, ["auspice/c.txt"]],
])("of the results %j means %j", async (options, expected) => {
  const { wanted } = await resolved({ options });
  expect(["a.json", "auspice/b.json", "auspice/c.txt"].filter((path) => wanted?.(path))).toEqual(expected);
});

test("without patterns all results are meant", async () => {
  expect((await resolved({})).wanted).toBeUndefined();
});

test("a malformed pattern is refused before anything is done", async () => {
  await expect(resolved({ options: { excludeFromUpload: ["../x"] } })).rejects.toThrow(
    /out of the build root/,
  );
});
