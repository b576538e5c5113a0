import { Command } from "commander";
import { expect, test } from "vitest";
import { addBuildOptions } from "../commands/build/options.ts";
import { UsageError } from "../errors.ts";
import { expandAbbreviations } from "./abbreviations.ts";

function program(): Command {
  const build = new Command("build").argument("[directory]").argument("[rest...]").passThroughOptions();
  addBuildOptions(build);
  const start = new Command("start").option("--port <number>").option("--idle-minutes <number>");
  return new Command("nextstrain")
    .enablePositionalOptions()
    .version("0", "-V, --version")
    .addCommand(build)
    .addCommand(new Command("local-aws").addCommand(start));
}

test.each([
  ["build --mem 4gib dir", "build --memory 4gib dir"],
  ["build --mem=4gib dir", "build --memory=4gib dir"],
  ["build --cp 4 dir", "build --cpus 4 dir"],
  ["build --aws-batch dir", "build --aws-batch dir"],
  ["build --aws-batch-q name dir", "build --aws-batch-queue name dir"],
  ["build --aws-batch-s3=bucket dir", "build --aws-batch-s3-bucket=bucket dir"],
  ["build --exclude-from-u x dir", "build --exclude-from-upload x dir"],
  ["build --no-d dir", "build --no-download dir"],
  ["build --no-l dir", "build --no-logs dir"],
  ["build --detach dir", "build --detach dir"],
  ["build --detach-on dir", "build --detach-on-interrupt dir"],
  ["build --att id dir", "build --attach id dir"],
  ["build --nat dir", "build --native dir"],
  ["build --sing dir", "build --singularity dir"],
  ["build --job x.json dir", "build --job-info x.json dir"],
  ["build --env dir", "build --env dir"],
  ["build --env --mem dir", "build --env --mem dir"],
  ["build --aws-batch dir --mem 4", "build --aws-batch dir --mem 4"],
  ["build dir --res mem_mb=1", "build dir --res mem_mb=1"],
  ["build -- --mem", "build -- --mem"],
  ["build --unknown dir", "build --unknown dir"],
  ["build --he", "build --help"],
  ["local-aws start --po 1", "local-aws start --port 1"],
  ["local-aws start x --po 1", "local-aws start x --port 1"],
  ["--vers", "--version"],
  ["unknown --mem 4gib", "unknown --mem 4gib"],
])("%s", (given, expected) => {
  expect(expandAbbreviations(program(), given.split(" ")).join(" ")).toBe(expected);
});

test.each([
  ["--det", ["--detach", "--detach-on-interrupt"]],
  ["--aws", ["--aws-batch", "--aws-batch-job", "--aws-batch-memory"]],
  ["--exclude", ["--exclude-from-upload", "--exclude-from-download"]],
  ["--aug=x --au=y", ["--augur", "--auspice"]],
  ["--do", ["--docker", "--docker-arg", "--download"]],
  ["--no", ["--no-logs", "--no-download"]],
])("%s is ambiguous, and the message names what it could be", (given, candidates) => {
  let message = "";
  try {
    expandAbbreviations(program(), ["build", ...given.split(" "), "dir"]);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    message = (error as UsageError).message;
  }
  for (const candidate of candidates) expect(message).toContain(candidate);
});
