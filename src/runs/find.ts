/** What a job can be named by. */
export interface Named {
  readonly runId?: string | undefined;
  readonly jobId?: string | undefined;
}

/** The beginning of a UUID, or all of one; for a child of an array job with its index. */
const PREFIX = /^[0-9a-f][0-9a-f-]{0,35}(?::\d*)?$/i;
const WHOLE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::\d+)?$/i;

/** Whether a text may be the beginning of an id. */
export function isIdPrefix(text: string): boolean {
  return PREFIX.test(text);
}

/** Whether a text is a whole id: a UUID, and for a child of an array job its index. */
export function isWholeId(text: string): boolean {
  return WHOLE.test(text);
}

/** The items whose run id or job id begins so; only those that are named exactly, where some are. */
export function findByPrefix<Item extends Named>(items: readonly Item[], text: string): readonly Item[] {
  const wanted = text.toLowerCase();
  const ids = ({ runId, jobId }: Item) => [runId, jobId].filter((id) => id !== undefined);
  const exact = items.filter((item) => ids(item).some((id) => id.toLowerCase() === wanted));
  if (exact.length > 0) return exact;
  return isIdPrefix(text)
    ? items.filter((item) => ids(item).some((id) => id.toLowerCase().startsWith(wanted)))
    : [];
}

/** Characters of an id that are shown at least: those that file names of conflicts have, too. */
const SHORT = 8;

/** A short form of each item's id (of its run, else of its job) that no id of another begins with. */
export function shortIds(items: readonly Named[]): Map<string, string> {
  const ids = items.flatMap(({ runId, jobId }) => [runId, jobId]).filter((id) => id !== undefined);
  // In order, an id shares the most with one of its neighbours.
  const sorted = [...new Set(ids)].sort();
  const short = new Map<string, string>();
  for (const [index, id] of sorted.entries()) {
    const most = Math.max(shared(id, sorted[index - 1] ?? ""), shared(id, sorted[index + 1] ?? ""));
    short.set(id, id.slice(0, Math.max(SHORT, most + 1)));
  }
  return short;
}

function shared(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
