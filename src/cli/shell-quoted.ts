import { hasControls } from "./control-characters.ts";

/**
 * A word as a shell reads it back, for commands that users are told to run: any POSIX shell, but for words with control
 * characters, which take `$'…'` (Bash, zsh, ksh).
 */
export function shellQuoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!hasControls(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${Array.from(word, escapedInAnsiC).join("")}'`;
}

function escapedInAnsiC(character: string): string {
  if (character === "'" || character === "\\") return `\\${character}`;
  if (!hasControls(character)) return character;
  return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
