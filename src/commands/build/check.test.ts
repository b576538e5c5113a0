import { Command } from "commander";
import { expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { checkOptions, checkRuntime, chooseRuntime } from "./check.ts";
import { addBuildOptions, type BuildOptions } from "./options.ts";

function parse(words: string): { directory: string | undefined; options: BuildOptions } {
  const command = new Command("build").argument("[directory]").argument("[rest...]").passThroughOptions();
  addBuildOptions(command);
  command.parse(words.split(" "), { from: "user" });
  return { directory: command.args[0], options: command.opts<BuildOptions>() };
}

const byDefault = { value: "docker", source: "the default" };
const configured = (value: string) => ({ value, source: '"runner" in /home/me/.nextstrain/config' });

test.each([
  ["--aws-batch dir", byDefault, "aws-batch", "--aws-batch"],
  ["--docker dir", configured("aws-batch"), "docker", "--docker"],
  ["--ambient dir", byDefault, "ambient", "--ambient"],
  ["--native dir", byDefault, "ambient", "--ambient"],
  ["--aws-batch --aws-batch dir", byDefault, "aws-batch", "--aws-batch"],
  ["--native --ambient dir", byDefault, "ambient", "--ambient"],
  ["dir", byDefault, "docker", "the default"],
  ["dir", configured("aws-batch"), "aws-batch", '"runner" in /home/me/.nextstrain/config'],
  ["dir", configured("aws_batch"), "aws-batch", '"runner" in /home/me/.nextstrain/config'],
  ["dir", configured("native"), "ambient", '"runner" in /home/me/.nextstrain/config'],
])("the runtime of %s, with %o", (words, setting, value, source) => {
  expect(chooseRuntime(parse(words).options.runtimes, setting)).toEqual({ value, source });
});

test.each([
  ["--aws-batch --docker dir", byDefault, /--aws-batch and --docker can't be used together/],
  ["dir", configured("nonsense"), /no runtime "nonsense" \(from "runner" in .*config\)/],
])("%s with %o is refused", (words, setting, message) => {
  expect(() => chooseRuntime(parse(words).options.runtimes, setting)).toThrow(message);
});

function complaintOf(words: string): UsageError | undefined {
  const { directory, options } = parse(words);
  try {
    checkRuntime(chooseRuntime(options.runtimes, byDefault), options);
    checkOptions(directory, options);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

test.each([
  ["--local-aws"],
  ["--aws-batch-job=x"],
  ["--aws-batch-queue=x"],
  ["--aws-batch-s3-bucket=x"],
  ["--aws-batch-cpus=1"],
  ["--aws-batch-memory=1"],
  ["--attach=x"],
  ["--cancel"],
  ["--detach"],
  ["--detach-on-interrupt"],
  ["--notify"],
  ["--notify-command=x"],
  ["--download=x"],
  ["--no-download"],
  ["--exclude-from-download=x"],
  ["--exclude-from-upload=x"],
  ["--no-logs"],
  ["--job-info=x"],
])("%s without --aws-batch asks whether that was forgotten", (option) => {
  const complaint = complaintOf(`${option} dir`);
  expect(complaint?.message).toContain(`${option.split("=")[0]} works on AWS Batch only`);
  expect(complaint?.hint).toBe("Did you forget --aws-batch?");
});

test.each([
  ["--conda --docker-arg=x dir", /--docker-arg has no meaning with conda \(from --conda\)/],
  ["--ambient --image=x dir", /--image has no meaning with ambient \(from --ambient\): it has no image/],
  ["--conda --augur=x dir", /--augur has no meaning with conda .*: it has no image whose augur/],
  ["--aws-batch --docker-arg=x dir", /--docker-arg has no meaning/],
  ["--aws-batch --attach=x --detach dir", /--attach and --detach/],
  ["--aws-batch --detach --notify dir", /--notify and --detach/],
  ["--aws-batch --detach --notify-command=x dir", /--notify and --detach/],
  ["--aws-batch --cancel dir", /--cancel needs --attach/],
  ["--aws-batch --no-download --exclude-from-download=x dir", /--exclude-from-download and --no-download/],
  ["--aws-batch", /directory to build is missing/],
  ["--aws-batch --attach=x", /directory to build is missing/],
])("%s is refused", (words, message) => {
  expect(complaintOf(words)?.message).toMatch(message);
});

test.each([
  ["--aws-batch dir"],
  ["--aws-batch --attach=x --no-download"],
  ["--aws-batch --attach=x --cancel"],
  ["--aws-batch --attach=x dir"],
  ["dir"],
  ["--docker --docker-arg=x --image=x --augur=x dir"],
  ["--singularity --image=x --auspice=x dir"],
  ["--conda --cpus=1 --memory=1gib --env=A dir"],
  ["--native dir"],
])("%s is fine", (words) => {
  expect(complaintOf(words)).toBeUndefined();
});

test.each(["--download x --no-download dir", "--no-download --download x dir"])("%s is refused", (words) => {
  expect(() => parse(words)).toThrow(/--download and --no-download/);
});
