import { expect, test } from "vitest";
import { fakeEngine } from "../../../test/support/fake-program.ts";
import { runtimePlace } from "../../../test/support/runtime-place.ts";
import { findEngine } from "./engine.ts";
import { removeReplaced } from "./images.ts";

test("an image that builds no longer use is removed, unless the engine still needs it or has it not", async () => {
  const { bin, context } = await runtimePlace();
  const images = { "a/b:old": "2026-01-01T00:00:00Z", "a/b:busy": "2026-01-01T00:00:00Z" };
  const fake = await fakeEngine(bin, "docker", { images });
  const engine = await findEngine(context);
  for (const image of ["a/b:none", "a/b:old", "a/b:busy"]) await removeReplaced(context, engine, image);
  const removals = (await fake.calls()).filter(({ args }) => args[1] === "rm").map(({ args }) => args.at(-1));
  expect(removals).toEqual(["a/b:old", "a/b:busy"]);
  expect(context.output.out).toEqual([
    "Removed the image a/b:old.",
    "The image a/b:busy, which builds no longer use, stays: a container is using it.",
  ]);
});
