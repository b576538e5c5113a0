import { expect, test } from "vitest";
import type { Finding } from "../../checks/finding.ts";
import { reportRuntime, works } from "./render.ts";

const ok: Finding = { id: "a", mark: "ok", says: "It is there." };
const caution: Finding = { id: "b", mark: "caution", says: "It costs.", mend: "Mend it:\n    aws mend" };
const wrong: Finding = { id: "c", mark: "wrong", says: "It is gone.", mend: "Make it." };
const unknown: Finding = { id: "d", mark: "unknown", says: "It can't be told.", mend: "Ask." };

function shown(findings: readonly Finding[], colours = false): string[] {
  const lines: string[] = [];
  reportRuntime({ out: (line) => lines.push(line), colours }, { name: "docker", findings });
  return lines;
}

test("each finding has its sign, and the next step below it", () =>
  expect(shown([ok, caution, wrong, unknown])).toEqual([
    "docker:",
    "  ✔ It is there.",
    "  ⚑ It costs.",
    "      Mend it:",
    "        aws mend",
    "  ✘ It is gone.",
    "      Make it.",
    "  ? It can't be told.",
    "      Ask.",
    "docker doesn't work: 1 ✘, 1 ⚑, 1 ?",
  ]));

test("what AWS and jobs say can do nothing to the terminal", () => {
  const says = "The log says \u001B]0;x\u0007“one\ntwo\u001B[2J”.";
  expect(shown([{ id: "e", mark: "wrong", says, mend: "Mend\u001B[1m it." }]).slice(1, -1)).toEqual([
    "  ✘ The log says “one two”.",
    "      Mend it.",
  ]);
});

test("colours only where they are wanted", () => {
  expect(shown([ok], true)[1]).toBe("  \u001B[32m✔\u001B[39m It is there.");
  expect(shown([ok]).join("")).not.toContain("\u001B");
});

test("long texts are wrapped, commands stay whole", () => {
  const says = `${"word ".repeat(40)}end.`;
  const command = `aws ${"argument ".repeat(20)}`.trim();
  const lines = shown([{ id: "x", mark: "wrong", says, mend: `Run this:\n    ${command}` }]);
  expect(lines).toContain(`        ${command}`);
  for (const line of lines) if (!line.includes("aws")) expect(line.length).toBeLessThanOrEqual(80);
});

test.each([
  ["works where all is well", [ok], true, "docker works"],
  ["works with what it costs", [ok, caution], true, "docker works (1 ⚑)"],
  ["doesn't with one thing wrong", [ok, wrong], false, "docker doesn't work: 1 ✘"],
  ["can't be told of where nothing was seen", [unknown], false, "Whether docker works can't be told: 1 ?"],
])("a runtime %s", (_, findings, expected, last) => {
  expect(works({ name: "docker", findings })).toBe(expected);
  expect(shown(findings).at(-1)).toBe(last);
});
