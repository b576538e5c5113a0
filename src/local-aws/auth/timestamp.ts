/** Milliseconds since 1970 of `YYYYMMDDTHHMMSSZ` (ISO 8601, basic format); undefined where it is none. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

export function formatTimestamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** `YYYY-MM-DDTHH:MM:SSZ`, as S3 tells its own time in errors: clients set their clocks by it. */
export function spellTimestamp(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}/, "");
}
