import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { findShowable } from "./showable.ts";

async function directoryOf(...files: string[]) {
  const directory = await tempDir();
  for (const file of files) {
    await mkdir(dirname(join(directory.path, file)), { recursive: true });
    await writeFile(join(directory.path, file), "{}");
  }
  return directory;
}

test.each([
  [["auspice/zika.json", "narratives/story.md"], ".", "auspice", "narratives", undefined],
  [["auspice/zika.json", "story.md"], ".", "auspice", ".", undefined],
  [["zika.json"], ".", ".", ".", undefined],
  [["story.md"], ".", ".", ".", undefined],
  [["auspice/zika_brazil.json"], "auspice/zika_brazil.json", "auspice", "auspice", "/zika/brazil"],
  [["auspice/a.json", "narratives/b.md"], "auspice/a.json", "auspice", "narratives", "/a"],
  [["auspice/a.json", "narratives/b.md"], "narratives/b.md", "auspice", "narratives", "/narratives/b"],
  [["a_tip-frequencies.json"], "a_tip-frequencies.json", ".", ".", "/a"],
  [["a_meta.json"], "a_meta.json", ".", ".", "/a"],
  [["a b?.json"], "a b?.json", ".", ".", "/a%20b%3F"],
])(
  "of %j, %s shows datasets in %s, narratives in %s, from %s on",
  async (files, path, datasets, narratives, page) => {
    await using directory = await directoryOf(...files);
    expect(await findShowable(join(directory.path, path))).toEqual({
      datasets: join(directory.path, datasets),
      narratives: join(directory.path, narratives),
      page,
    });
  },
);

test.each([
  [["auspice/readme.txt"], ".", /nothing to look at in/],
  [["README.md"], ".", /nothing to look at in/],
  [["a.nwk"], "a.nwk", /neither a dataset \(\.json\) nor a narrative/],
  [["README.md"], "README.md", /neither a dataset/],
  [[], "nowhere", /no file or directory .*nowhere/],
])("of %j, %s is refused: %s", async (files, path, message) => {
  await using directory = await directoryOf(...files);
  await expect(findShowable(join(directory.path, path))).rejects.toThrow(message);
});
