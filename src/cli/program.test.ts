import { describe, expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { runProgram } from "./program.ts";

async function helpOf(command: readonly string[], flag = "--help-all"): Promise<readonly string[]> {
  const context = testContext();
  expect(await runProgram(context, [...command, flag])).toBe(0);
  expect(context.output.out[0]).toMatch(new RegExp(`^Usage: ${["nextstrain", ...command].join(" ")}\\b`));
  return context.output.out;
}

/** A command and all below it, as the help lists them. */
async function withSubcommands(command: readonly string[]): Promise<(readonly string[])[]> {
  const help = (await helpOf(command)).join("\n");
  const [, list = ""] = /^Commands:\n((?: {2}.*\n)*)/m.exec(help) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = ""]) => name);
  const below = names.filter((name) => name !== "help").map((name) => withSubcommands([...command, name]));
  return [command, ...(await Promise.all(below)).flat()];
}

const all = await withSubcommands([]);

test.each(all.map((command) => [["nextstrain", ...command].join(" "), command] as const))(
  "the help of %s fits 80 columns",
  async (_, command) => {
    const lines = [...(await helpOf(command)), ...(await helpOf(command, "--help"))];
    expect(lines.flatMap((text) => text.split("\n")).filter((line) => line.length > 80)).toEqual([]);
  },
);

describe("seldom-used options", () => {
  test("are in --help-all; --help leaves them out, and ends by saying so", async () => {
    const brief = (await helpOf(["build"], "--help")).join("\n").trimEnd().split("\n");
    const all = (await helpOf(["build"])).join("\n");
    expect(brief.length).toBeLessThanOrEqual(70);
    expect(brief.join("\n")).not.toMatch(/^ +--(tag|exec)/m);
    expect(brief.at(-1)).toContain("`nextstrain build --help-all`");
    expect(all).toMatch(/^ +--exec [\s\S]*^ +--tag /m);
    expect(all).not.toContain("`nextstrain build --help-all`");
  });

  test("a command that has none says nothing of them", async () => {
    expect((await helpOf(["view"], "--help")).join("\n")).not.toContain("--help-all");
  });

  test("are suggested for a misspelling", async () => {
    const misspelt = runProgram(testContext(), ["build", "--job-inof", "f", "."]);
    await expect(misspelt).rejects.toMatchObject({ hint: "Did you mean --job-info?" });
  });
});

test("there is a help of each command within another", () => {
  expect(all.map((command) => command.join(" "))).toEqual(
    expect.arrayContaining(["build", "setup aws-batch", "setup auspice", "local-aws start"]),
  );
});

test.each(
  all.filter((command) => command.length > 0).map((command) => [command.join(" "), command] as const),
)("wrong usage of %s hints at its own help", async (_, command) => {
  const wrong = runProgram(testContext(), [...command, "--nothing-like-this-option"]);
  // Of a command that is none without another, the default one parses the rest.
  const own = command.join(" ") === "jobs" ? "jobs list" : command.join(" ");
  await expect(wrong).rejects.toMatchObject({ hint: `See \`nextstrain ${own} --help\`.` });
});

test.each([
  [["jobs", "list", "--limit", "many"], "jobs list"],
  [["jobs", "cancel"], "jobs cancel"],
  [["setup", "aws-batch", "too", "many"], "setup aws-batch"],
  [["jobs", "report", "--json", "--watch"], "jobs report"],
])("so does %j", async (args, command) => {
  await expect(runProgram(testContext(), args)).rejects.toMatchObject({
    hint: `See \`nextstrain ${command} --help\`.`,
  });
});

test("an option that there is nowhere hints at the help of all", async () => {
  await expect(runProgram(testContext(), ["--nothing-like-this-option"])).rejects.toMatchObject({
    hint: "See `nextstrain --help`, or `nextstrain help <command>`.",
  });
});
