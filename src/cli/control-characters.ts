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

/** Text that can do nothing to a terminal. Colours stay where they are wanted. */
export function withoutControls(text: string, options: { readonly keepColours: boolean }): string {
  return text.replace(SEQUENCES, (sequence, style: string | undefined) =>
    options.keepColours && style !== undefined ? sequence : "",
  );
}
