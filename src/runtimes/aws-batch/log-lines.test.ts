import { expect, test } from "vitest";
import { createLogRenderer, type LogOptions } from "./log-lines.ts";

const AT = "[batch] [1970-01-01T00:00:00+00:00] ";

/** What is shown of pages of messages, without the time. */
function shown(pages: readonly (readonly string[])[], options: Partial<LogOptions> = {}): readonly string[] {
  const renderer = createLogRenderer({ colours: false, everyFile: false, ...options });
  const lines = pages.flatMap((messages) =>
    renderer.push({ stream: "one", lines: messages.map((message) => ({ timestamp: 0, message })) }),
  );
  return [...lines, ...renderer.flush()].map((line) => line.replace(AT, ""));
}

const UNZIP = "+ unzip -: -o /nextstrain/build.zip";
const RUN = "+ env --chdir /nextstrain/build -- snakemake";
const ZIP = "+ zip -u /nextstrain/build.zip -r . --exclude '.snakemake/*'";
const STORE = "+ aws s3 cp --no-progress /nextstrain/build.zip s3://bucket/run.zip";

const log = [
  UNZIP,
  "Archive:  /nextstrain/build.zip",
  "   creating: data/",
  "  inflating: data/a.txt              ",
  " extracting: data/b.txt              ",
  RUN,
  "  adding: this is the program's own",
  "  adding: and this",
  ZIP,
  "updating: data/a.txt (deflated 4%)",
  "  adding: results/x.json (deflated 60%)",
  ZIP,
  "  adding: .snakemake/log/x (deflated 60%)",
  STORE,
  "+ exit 0",
];

const folded = [
  UNZIP,
  "Archive:  /nextstrain/build.zip",
  "  (3 files and directories unpacked)",
  RUN,
  "  adding: this is the program's own",
  "  adding: and this",
  ZIP,
  "  (2 files and directories packed)",
  ZIP,
  "  adding: .snakemake/log/x (deflated 60%)",
  STORE,
  "+ exit 0",
];

test("one line stands for the files that the entrypoint packs or unpacks in a row", () => {
  expect(shown([log])).toEqual(folded);
});

test("wherever pages end", () => {
  expect(shown(log.map((line) => [line]))).toEqual(folded);
});

test("every file is shown where that is asked for", () => {
  expect(shown([log], { everyFile: true })).toEqual(log);
});

test("another attempt begins anew", () => {
  const renderer = createLogRenderer({ colours: false, everyFile: false });
  const line = (message: string) => ({ timestamp: 0, message });
  renderer.push({ stream: "one", lines: [ZIP, "  adding: a", "  adding: b"].map(line) });
  const next = renderer.push({ stream: "two", lines: ["  adding: of the program"].map(line) });
  expect(next).toEqual([`${AT}  (2 files and directories packed)`, `${AT}  adding: of the program`]);
});

test("a progress bar shows its last state, in each line of a message", () => {
  expect(shown([["a\r  5%\r100%|####|\r", "one\r1\ntwo\r2\n\nthree\r\n"]])).toEqual([
    "100%|####|",
    "1\n2\n\nthree\n",
  ]);
});
