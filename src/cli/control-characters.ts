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
