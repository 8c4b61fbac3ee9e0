/** What a class of Unicode (`\pL`, `\P{Greek}`) costs to compile, in single characters. */
const UNICODE_CLASS = 100;

const REPEAT = /\{(\d{1,9})(?:,(\d{0,9}))?\}/y;
const UNICODE = /\\[pP](?:\{[^}]*\}|.)/sy;
const LITERAL = /\\(?:x\{[^}]*\}|.)/sy;
/** A `]` in front is a member, and so is what is named or escaped. */
const SET = /\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]/sy;
const GROUP_HEAD = /\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:)?)?/y;

/**
 * About how many characters a regular expression has once its counted repeats are written out, which is what compiling it
 * costs: `a{3}` is three of them, `(?:a{100}){100}` ten thousand. Made from the text alone, in linear time, so that nothing
 * needs to be compiled to learn that it is too large.
 */
export function patternSize(source: string): number {
  const outer: number[] = [];
  let size = 0;
  let last = 0;
  let at = 0;
  const length = (expression: RegExp): number => {
    expression.lastIndex = at;
    return expression.exec(source)?.[0].length ?? 0;
  };
  const add = (cost: number, characters: number): void => {
    size += cost;
    last = cost;
    at += characters;
  };
  while (at < source.length) {
    const character = source[at];
    if (character === '\\') {
      const unicode = length(UNICODE);
      if (unicode > 0) add(UNICODE_CLASS, unicode);
      else add(1, Math.max(1, length(LITERAL)));
    } else if (character === '[') {
      const characters = Math.max(1, length(SET));
      const classes = source.slice(at, at + characters).split(/\\[pP]/).length - 1;
      add(1 + classes * UNICODE_CLASS, characters);
    } else if (character === '(') {
      outer.push(size);
      size = 0;
      at += length(GROUP_HEAD);
    } else if (character === ')') {
      last = size + 1;
      size = (outer.pop() ?? 0) + last;
      at += 1;
    } else if (character === '{' && length(REPEAT) > 0) {
      REPEAT.lastIndex = at;
      const [text = '', least = '', most = ''] = REPEAT.exec(source) ?? [];
      const times = Math.max(1, Number(least), Number(most));
      size += last * (times - 1);
      last *= times;
      at += text.length;
    } else {
      add(1, 1);
    }
  }
  return outer.reduce((sum, part) => sum + part, size);
}
