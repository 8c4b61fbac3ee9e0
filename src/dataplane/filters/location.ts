/** What a URL may not hold (RFC 3986 §2): all but printable ASCII, and the `\` that browsers take for a `/`. */
const UNSAFE = /[^\x21-\x7e]|["<>\\^`{|}]/gu;

/**
 * Percent-encodes what may not stand in a Location. `latin1` for what a client sent (a character is a byte), `utf8` for text
 * out of the config. Escapes that are there already stay.
 */
export function escapeUrl(text: string, encoding: 'latin1' | 'utf8'): string {
  return text.replace(UNSAFE, (character) =>
    Buffer.from(character, encoding).toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}
