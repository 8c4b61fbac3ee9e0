/** A character that stands for itself, in ASCII; `\.` and its like are that, too. */
const LITERAL = /\\[!-/:-@[-`{-~]|[!"#%&',/0-9:;<=>@A-Z_`a-z~-]/y;
/** What may let the character before it be left out; flags such as `(?i)` stand for nothing, so that what follows counts. */
const OPTIONAL = /[*?{]|\(\?[a-zA-Z-]*\)/y;

/**
 * The text, as `foldCase` gives it, that every match of a pattern begins with; `''` where none is sure. It errs on the side of
 * too short: a path that does not begin so can't match, and need not be tried.
 */
export function literalPrefix(source: string): string {
  // An alternative outside of parentheses needs none of it, and one inside of them comes only after it.
  if (source.includes('\\Q') || hasOuterAlternative(source)) return '';
  let prefix = '';
  let at = source.startsWith('^') ? 1 : 0;
  while (at < source.length) {
    LITERAL.lastIndex = at;
    const text = LITERAL.exec(source)?.[0];
    if (text === undefined) break;
    at += text.length;
    if (isOptional(source, at)) break;
    prefix += text.at(-1) ?? '';
    if (source[at] === '+') break;
  }
  return foldCase(prefix);
}

/**
 * Lower case, with the two letters beyond ASCII that RE2 takes for one of ASCII's: the Kelvin sign, which lower case covers, and
 * the long s. What else changes its length or meaning can only make paths look alike that are not, and these are tried.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  return lower.includes('\u017f') ? lower.replaceAll('\u017f', 's') : lower;
}

function isOptional(source: string, at: number): boolean {
  OPTIONAL.lastIndex = at;
  return OPTIONAL.test(source);
}

/** Brackets and escapes as RE2 reads them; what it would refuse may be taken for anything. */
function hasOuterAlternative(source: string): boolean {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    switch (source.charAt(at)) {
      case '\\':
        at++;
        break;
      case '[':
        at = endOfClass(source, at);
        break;
      case '(':
        depth++;
        break;
      case ')':
        depth--;
        break;
      case '|':
        if (depth <= 0) return true;
        break;
      default: // changes nothing
    }
  }
  return false;
}

/** Where the `]` is that ends the class; one that comes first is a member, and `[:alpha:]` has one of its own. */
function endOfClass(source: string, start: number): number {
  let at = start + 1;
  if (source[at] === '^') at++;
  if (source[at] === ']') at++;
  for (; at < source.length && source[at] !== ']'; at++) {
    if (source[at] === '\\') at++;
    else if (source.startsWith('[:', at)) {
      const end = source.indexOf(':]', at + 2);
      if (end !== -1) at = end + 1;
    }
  }
  return at;
}
