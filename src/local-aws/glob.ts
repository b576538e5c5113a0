/** Whether a text matches a pattern in which `*` stands for any run of characters and `?` for one, as in IAM's policies. */
export function matchesGlob(pattern: string, text: string, options: { ignoreCase?: boolean } = {}): boolean {
  const [wanted, given] = options.ignoreCase ? [pattern.toLowerCase(), text.toLowerCase()] : [pattern, text];
  // By hand rather than by a regular expression: patterns come from outside, and must not be able to blow up.
  let [place, at] = [0, 0];
  let star = -1;
  let retry = 0;
  while (at < given.length) {
    if (wanted[place] === "*") {
      star = place;
      retry = at;
      place += 1;
    } else if (place < wanted.length && (wanted[place] === "?" || wanted[place] === given[at])) {
      place += 1;
      at += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      place = star + 1;
    } else {
      return false;
    }
  }
  while (wanted[place] === "*") place += 1;
  return place === wanted.length;
}
