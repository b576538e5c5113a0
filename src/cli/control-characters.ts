/** ESC [ … m (colours), other CSI sequences, OSC sequences, and single control characters but tab and newline (ECMA-48). */
const SEQUENCES = new RegExp(
  [
    String.raw`\x1b\[(?<style>[0-9;:]*)m`,
    String.raw`\x1b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)`,
    String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f]`,
  ].join("|"),
  "g",
);

/** What a terminal shows last of a line that writes over itself, as progress bars do (`10%\r20%\r`). */
export function lastState(line: string): string {
  if (!line.includes("\r")) return line;
  const states = line.split("\r");
  return states.findLast((state) => withoutControls(state, { keepColours: false }).trim() !== "") ?? "";
}

/** Text that can do nothing to a terminal. Colours stay where they are wanted. */
export function withoutControls(text: string, options: { readonly keepColours: boolean }): string {
  return text.replace(SEQUENCES, (sequence, style: string | undefined) =>
    options.keepColours && style !== undefined ? sequence : "",
  );
}

const STYLE = String.raw`\x1b\[[0-9;:]*m`;
/**
 * What a terminal obeys (but for tab and newline), and what has it show text in another order than it has: embeddings,
 * overrides and isolates (UAX #9).
 */
const UNSEEN = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]`;
const ANY_UNSEEN = new RegExp(UNSEEN);
const EACH_UNSEEN = new RegExp(UNSEEN, "g");
const EACH_UNSEEN_OR_STYLE = new RegExp(`${STYLE}|${UNSEEN}`, "g");

/** Text in which what would not be seen is: as `\u001b`. In JSON that means the same. Colours stay where they are wanted. */
export function withControlsShown(text: string, options: { readonly keepColours: boolean }): string {
  if (!ANY_UNSEEN.test(text)) return text;
  return options.keepColours
    ? text.replace(EACH_UNSEEN_OR_STYLE, (found) => (found.length > 1 ? found : escaped(found)))
    : text.replace(EACH_UNSEEN, escaped);
}

/** Whether a text holds what {@link withControlsShown} shows. */
export function hasControls(text: string): boolean {
  return ANY_UNSEEN.test(text);
}

/** Whether a terminal would not show all of a text as it is, or take it for more than one line. */
export function isUnusual(text: string): boolean {
  return hasControls(text) || /[\t\n]/.test(text);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
