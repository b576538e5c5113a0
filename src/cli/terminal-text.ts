const SEGMENTS = new Intl.Segmenter();

/** What takes two columns: East Asian Wide and Fullwidth (UAX #11), and emoji shown as pictures. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}])|\ufe0f/u;
const INVISIBLE = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}]+$/u;

function widthOf(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** The text in at most so many columns of a terminal, cut with "…" where it is too long. Takes no control characters. */
export function fitColumns(text: string, columns: number): string {
  if (columns < 1) return "";
  let width = 0;
  // Where the cut would be, should there be one.
  let cut = 0;
  for (const { segment, index } of SEGMENTS.segment(text)) {
    width += widthOf(segment);
    if (width > columns) return `${text.slice(0, cut)}…`;
    if (width < columns) cut = index + segment.length;
  }
  return text;
}
