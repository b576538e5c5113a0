import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { newestBuild, noteImage } from "./newest-build.ts";

/** Answers as Docker Hub does, with these tags; what it was asked for. */
async function hub(...tags: string[]): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end(JSON.stringify({ count: tags.length, results: tags.map((name) => ({ name })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const old = "build-20240101T000000Z";

test("the tag of one build becomes that of the newest", async () => {
  const { url, asked } = await hub(
    "latest",
    "branch-x",
    "build-20250801T000000Z",
    "build-20260101T000000Z",
    old,
  );
  for (const [image, newest] of [
    [`nextstrain/base:${old}`, "nextstrain/base:build-20260101T000000Z"],
    [`docker.io/nextstrain/base:${old}`, "docker.io/nextstrain/base:build-20260101T000000Z"],
    [`docker://nextstrain/base:${old}`, "docker://nextstrain/base:build-20260101T000000Z"],
  ] as const) {
    expect(await newestBuild(testContext(), image, url)).toBe(newest);
  }
  expect(asked[0]).toBe("/nextstrain/base/tags?page_size=100&ordering=last_updated");
});

test("where nothing is newer, it stays", async () => {
  const { url } = await hub("latest", "build-20230101T000000Z");
  expect(await newestBuild(testContext(), `nextstrain/base:${old}`, url)).toBe(`nextstrain/base:${old}`);
});

test.each(["nextstrain/base", "nextstrain/base:latest", `quay.io/lab/base:${old}`, `localhost/base:${old}`])(
  "%s is as it is",
  async (image) => {
    const { url, asked } = await hub("build-20260101T000000Z");
    expect(await newestBuild(testContext(), image, url)).toBe(image);
    expect(asked).toEqual([]);
  },
);

test("the config file gets the new name, where it had the old", async () => {
  await using place = await tempDir();
  const file = join(place.path, ".nextstrain/config");
  await mkdir(join(place.path, ".nextstrain"));
  await writeFile(file, "# mine\n[docker]\nimage = a:old\n");
  const context = testContext({ home: place.path });
  const configured = { value: "a:old", source: `"image" in ${file}` };
  expect(await noteImage(context, "docker", configured, "a:old")).toBe(false);
  expect(await noteImage(context, "docker", configured, "a:new")).toBe(true);
  expect(await readFile(file, "utf8")).toBe("# mine\n[docker]\nimage = a:new\n");
  const elsewhere = { value: "a:old", source: "NEXTSTRAIN_DOCKER_IMAGE" };
  expect(await noteImage(context, "docker", elsewhere, "a:newer")).toBe(false);
  expect(await readFile(file, "utf8")).toMatch(/a:new\n/);
  expect(context.output.err.join()).toMatch(/until NEXTSTRAIN_DOCKER_IMAGE is changed to a:newer/);
});
