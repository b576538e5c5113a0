import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { fakeProgram } from "../../test/support/fake-program.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { notifyOnDesktop } from "./desktop.ts";

const nasty = { title: `FAILED: "; do shell script "x" & $(x) -e <b>`, text: "Job 1 is over." };

async function withProgram(name: string, body = "") {
  const temporary = await tempDir();
  const program = await fakeProgram(join(temporary.path, name), body);
  return { ...program, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

test("on a Mac the texts are arguments of the script", async () => {
  await using program = await withProgram("osascript");
  const context = testContext({ env: { PATH: program.directory } });
  expect(await notifyOnDesktop(context, nasty, "darwin")).toBe(true);
  const [call] = await program.calls();
  const script = [
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
  ];
  expect(call?.args).toEqual([...script.flatMap((line) => ["-e", line]), ` ${nasty.title}`, nasty.text]);
});

test.each(["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"])(
  "on Linux %s says that there is a desktop; its program gets the texts as arguments",
  async (variable) => {
    await using program = await withProgram("notify-send");
    const context = testContext({ env: { PATH: program.directory, [variable]: ":0" } });
    expect(await notifyOnDesktop(context, nasty, "linux")).toBe(true);
    const [call] = await program.calls();
    expect(call?.args).toEqual(["--app-name=nextstrain", "--", nasty.title, nasty.text]);
  },
);

test("without a desktop, its program, or success there is no notification", async () => {
  await using program = await withProgram("notify-send", "process.exit(1);");
  const notify = (env: Record<string, string>) => notifyOnDesktop(testContext({ env }), nasty, "linux");
  expect(await notify({ PATH: program.directory })).toBe(false);
  expect(await program.calls()).toEqual([]);
  expect(await notify({ PATH: "/nonexistent", DISPLAY: ":0" })).toBe(false);
  expect(await notify({ PATH: program.directory, DISPLAY: ":0" })).toBe(false);
});
