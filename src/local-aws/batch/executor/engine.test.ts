import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../testing/fakes.ts";
import { hasImage } from "./container-executor.ts";
import { findEngine } from "./engine.ts";

test("an engine that worked, and hangs by now, is not waited for without end", async () => {
  await using place = await temporaryDirectory();
  const info = JSON.stringify({ host: { cpus: 2 }, version: { Version: "9.9" } });
  // What `read` waits for is the end of this test's own pipe.
  const script = `#!/bin/sh\nif [ "$1" = info ]; then echo '${info}'; else read nothing; fi\n`;
  await writeFile(join(place.path, "podman"), script, { mode: 0o755 });
  const engine = await findEngine({ PATH: place.path }, 50);
  if ("why" in engine) throw new Error(engine.why);
  expect(await hasImage(engine, "any")).toBe(false);
  expect((await engine.ask(["inspect", "any"])).status).not.toBe(0);
});

test("what went wrong is in an engine's own words, without where to read more", async () => {
  await using place = await temporaryDirectory();
  const script = `#!/bin/sh
if [ "$1" = info ]; then echo '{"ServerVersion":"28.2.2"}'; exit; fi
printf "docker: Error response from daemon: no such thing\\n\\nRun 'docker run --help' for more information\\n" >&2
exit 125
`;
  await writeFile(join(place.path, "docker"), script, { mode: 0o755 });
  const engine = await findEngine({ PATH: place.path });
  if ("why" in engine) throw new Error(engine.why);
  expect(await engine.call(["create"])).toMatchObject({
    status: 125,
    message: "Error response from daemon: no such thing",
  });
});
