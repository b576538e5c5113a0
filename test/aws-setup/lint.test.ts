import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { tempDir } from "../support/temp-dir.ts";
import { everyCombination, everyForm } from "./options.ts";
import { type Json, render, templateText } from "./rendered.ts";

const shipped = fileURLToPath(new URL("../../src/aws-setup/template.yaml", import.meta.url));
const regions = ["--regions", "us-east-1", "eu-central-1"];

describe.skipIf(!have("cfn-lint"))("cfn-lint, for two regions, finds nothing (needs cfn-lint)", () => {
  test("in the template as it ships", () => {
    expect(lint([shipped])).toEqual({ status: 0, output: "" });
  });

  test("in what the options make of it: each resource in each of its forms", {
    timeout: 600_000,
  }, async () => {
    await using place = await tempDir();
    const files = await Promise.all(
      everyForm().map(async (parameters, index) => {
        const file = join(place.path, `${index}.json`);
        const whole = { AWSTemplateFormatVersion: "2010-09-09", ...render(parameters) };
        await writeFile(file, JSON.stringify(whole, undefined, 2));
        return file;
      }),
    );
    expect(lint(files)).toEqual({ status: 0, output: "" });
  });
});

test("with every combination of options, whatever is referred to is there", () => {
  let combinations = 0;
  for (const parameters of everyCombination()) {
    const { Resources, Outputs } = render(parameters);
    const there = new Set([...Object.keys(Resources), "AWS::StackName"]);
    const missing = references({ Resources, Outputs }).filter((name) => !there.has(name));
    expect(missing, JSON.stringify(parameters)).toEqual([]);
    combinations += 1;
  }
  expect(combinations).toBe(3 * 2 ** 10);
});

test("is small enough to be sent along with a request, and ASCII, which CloudFormation gives back unchanged", () => {
  expect(Buffer.byteLength(templateText)).toBeLessThan(51_200);
  expect(templateText).toMatch(/^[\n\x20-\x7e]*$/);
});

function lint(files: readonly string[]): { readonly status: number | null; readonly output: string } {
  const ran = spawnSync("cfn-lint", [...regions, "--template", ...files], { encoding: "utf8" });
  return { status: ran.status, output: ran.stdout + ran.stderr };
}

/** The names of all resources that are referred to by Ref, GetAtt or a `${name}` of Sub. */
function references(node: Json): readonly string[] {
  if (typeof node !== "object" || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(references);
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === "Ref") return [String(value)];
    if (key === "Fn::GetAtt") return [String((value as readonly Json[])[0])];
    if (key === "Fn::Sub") return namesIn(String(value));
    return references(value);
  });
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\$\{([^}]+)\}/g)].flatMap(([, name = ""]) =>
    /^(AWS::|!)/.test(name) ? [] : [name],
  );
}
