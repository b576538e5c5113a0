const DAY = 24 * 60 * 60 * 1000;
/** Days after which what is fetched here counts as old: workflows are kept in step with the newest. */
const OLD = 90;

/** How old something is that was made at a time, both in milliseconds since 1970: `made on 2026-01-15, 12 days ago`. */
export function describeAge(madeAt: number, now: number): { readonly text: string; readonly old: boolean } {
  const days = Math.max(0, Math.floor((now - madeAt) / DAY));
  const date = new Date(madeAt).toISOString().slice(0, 10);
  const ago = days === 0 ? "today" : days === 1 ? "1 day ago" : `${days} days ago`;
  return { text: `made on ${date}, ${ago}`, old: days > OLD };
}
