import { UsageError } from "../errors.ts";
import type { Sourced } from "../settings.ts";

/** Tags of AWS's resources: values by key. */
export type Tags = Readonly<Record<string, string>>;

/** What AWS takes (Tagging AWS resources, "Tag naming limits and requirements"). */
const MOST_TAGS = 50;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as a setting lists them, `NAME=VALUE` with commas or line ends between them. Throws UsageError. */
export function parseTagList({ value, source }: Sourced<string>): Tags {
  const texts = value.split(/[,\n]/).map((text) => text.trim());
  return parseTags(
    texts.filter((text) => text !== ""),
    source,
  );
}

/** Tags given one by one, as `NAME=VALUE`; of one name the last counts. Throws UsageError. */
export function parseTags(texts: readonly string[], source: string): Tags {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined || value === undefined) {
        throw new UsageError(`"${text}" (from ${source}) is not a tag.`, {
          hint: "Write its name and its value with = between them, such as project=zika.",
        });
      }
      checkTag(key.trim(), value.trim(), source);
      return [key.trim(), value.trim()];
    }),
  );
}

function checkTag(key: string, value: string, source: string): void {
  const problem = /^aws:/i.test(key)
    ? "names that begin with aws: are AWS's own"
    : key === "" || key.length > 128
      ? "a name has 1 to 128 characters"
      : value.length > 256
        ? "a value has up to 256 characters"
        : CHARACTERS.test(key) && CHARACTERS.test(value)
          ? undefined
          : "names and values are of letters, digits, blanks and _ . : / = + - @";
  if (problem === undefined) return;
  throw new UsageError(`AWS does not take the tag "${key}=${value}" (from ${source}): ${problem}.`, {
    hint: "Write another, such as project=zika.",
  });
}

/** Several lists in one; of one name the last counts. Throws UsageError where these are more than AWS takes. */
export function joinTags(...lists: readonly Tags[]): Tags {
  // Not by assignment, which would take a tag named __proto__ for something else.
  const tags: Tags = Object.fromEntries(lists.flatMap((list) => Object.entries(list)));
  const count = Object.keys(tags).length;
  if (count <= MOST_TAGS) return tags;
  throw new UsageError(`AWS takes ${MOST_TAGS} tags at most, and these are ${count}.`, {
    hint: "Leave some out (--tag, or tags in the config file).",
  });
}

/** As a setting lists them. */
export function formatTagList(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}
