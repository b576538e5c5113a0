import { expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { runProgram } from "./program.ts";

async function helpOf(command: readonly string[]): Promise<readonly string[]> {
  const context = testContext();
  expect(await runProgram(context, [...command, "--help-all"])).toBe(0);
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
    expect((await helpOf(command)).filter((line) => line.length > 80)).toEqual([]);
  },
);

test("there is a help of each command within another", () => {
  expect(all.map((command) => command.join(" "))).toEqual(
    expect.arrayContaining(["build", "setup aws-batch", "setup auspice", "local-aws start"]),
  );
});
