import { RE2JS } from 're2js';

export type Groups = readonly (string | undefined)[];

/**
 * A tenant's regular expression: case-insensitive unless compiled otherwise, `.` is any character. The time that it takes
 * grows linearly with the text.
 * `undecided`: the text is so long that the answer would take too long; the caller must be safe whichever it would be.
 */
export interface Pattern {
  /** What `matchesStart` needs of the worst text, in steps of which re2js takes one for a character and instruction. */
  readonly stepsPerCharacter: number;
  /** Whether the text begins with a match. */
  matchesStart(text: string): boolean | 'undecided';
  /** The leftmost match anywhere in the text: the whole, then its groups. */
  search(text: string): Groups | undefined | 'undecided';
}

/** `.` takes a line feed too: `/admin/%0A` must not slip past `/admin/.*$`. translate/ checks patterns with the same flags. */
const FLAGS = RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL;

/**
 * Programs beyond this are refused: counted repeats unroll, and a few characters can make a hundred thousand steps. A little
 * more than translate/ lets through, which may add a slash to what it checked.
 */
const MAX_INSTRUCTIONS = 1050;

/** On long texts re2js needs at most some 27 ns a step, so this is 7 ms; a request may hold a worker for 20 ms in all. */
const MAX_STEPS = 250_000;

/** Undefined: not in RE2's dialect (lookaheads, backreferences, syntax errors), or too large. */
export function compilePattern(
  source: string,
  letters: 'any-case' | 'exact-case' = 'any-case',
): Pattern | undefined {
  if (letters === 'exact-case') return compileRe2Pattern(source, RE2JS.DOTALL);
  const native = compileNative(source);
  return native === undefined ? compileRe2Pattern(source) : new NativePattern(source, native);
}

/**
 * States that re2js keeps of a pattern's automaton; 8 MiB by itself, which a tenant's thousand patterns would fill. Those
 * that people write come by with 4 to 15 KiB and are no faster with more; of this, a thousand fill some 16 MB.
 */
const MAX_AUTOMATON_BYTES = 32 * 1024;

class Re2Pattern implements Pattern {
  readonly stepsPerCharacter: number;
  readonly #anywhere: RE2JS;
  readonly #atStart: RE2JS;
  readonly #maxTextLength: number;

  constructor(anywhere: RE2JS, atStart: RE2JS) {
    this.#anywhere = anywhere;
    this.#atStart = atStart;
    const automaton = atStart.re2().dfa;
    automaton.stateBudget = MAX_AUTOMATON_BYTES;
    automaton.memBudget = MAX_AUTOMATON_BYTES;
    // The engine's code is hot, and the first states are there, before a request asks for them.
    atStart.test('/');
    this.stepsPerCharacter = anywhere.programSize();
    this.#maxTextLength = Math.floor(MAX_STEPS / this.stepsPerCharacter);
  }

  matchesStart(text: string): boolean | 'undecided' {
    return text.length > this.#maxTextLength ? 'undecided' : this.#atStart.test(text);
  }

  search(text: string): Groups | undefined | 'undecided' {
    if (text.length > this.#maxTextLength) return 'undecided';
    return this.#anywhere.exec(text) ?? undefined;
  }
}

function compileRe2Pattern(source: string, flags = FLAGS): Pattern | undefined {
  const anywhere = compileRe2(source, flags);
  if (anywhere === undefined || anywhere.programSize() > MAX_INSTRUCTIONS) return undefined;
  // Compiled by itself first: `a)(b` must not become a pattern by our parentheses. (An open \Q that swallows them is refused.)
  const atStart = compileRe2(`^(?:${source})`, flags);
  return atStart === undefined ? undefined : new Re2Pattern(anywhere, atStart);
}

function compileRe2(source: string, flags: number): RE2JS | undefined {
  try {
    return RE2JS.compile(source, flags);
  } catch {
    return undefined; // a syntax error: the only thing compile() throws
  }
}

/**
 * Patterns that the native, backtracking engine runs in linear time, and in a thirtieth of re2js' time where groups are asked
 * for: literals, `(/|$)`, and runs of one character class without `/`. Each run is followed by a `/` or by the end, where
 * none of its own characters can stand: at a mismatch every shorter run fails at its first look, so going back over all
 * runs costs one look a character. Only the last piece may be followed by nothing: `.*` at the end can't fail.
 * This holds for a match at the start of the text alone; at each of n positions it would be n times that.
 */
const LITERAL = String.raw`[\w/~-]|\\[./]`;
const SLASH_OR_END = String.raw`\(/\|\$\)`;
const CLASS = String.raw`\[\^/\]|\\d|\[(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|_)+-?\]`;
const RUN = String.raw`(?:(?:${CLASS})[+*]|\((?:${CLASS})[+*]\))(?=/(?!\?)|${SLASH_OR_END}|\$?$)`;
const REST = String.raw`(?:/\?)?(?:\.[*+]|\(\.[*+]\))?\$?`;
const DETERMINISTIC = new RegExp(`^(?:${LITERAL}|${SLASH_OR_END}|${RUN})*${REST}$`);

function compileNative(source: string): RegExp | undefined {
  if (!DETERMINISTIC.test(source)) return undefined;
  try {
    // With `u`, letters fold and characters are counted as in RE2.
    return new RegExp(`^(?:${source})`, 'isu');
  } catch {
    return undefined; // a range such as [z-a], which re2js refuses too
  }
}

class NativePattern implements Pattern {
  readonly stepsPerCharacter = 1;
  readonly #source: string;
  readonly #atStart: RegExp;
  #anywhere: Pattern | undefined;

  constructor(source: string, atStart: RegExp) {
    this.#source = source;
    this.#atStart = atStart;
  }

  matchesStart(text: string): boolean {
    return this.#atStart.test(text);
  }

  /** A match at the start is the leftmost one, and the rule that it belongs to has mostly matched there already. */
  search(text: string): Groups | undefined | 'undecided' {
    const atStart = this.#atStart.exec(text);
    if (atStart !== null) return atStart;
    this.#anywhere ??= compileRe2Pattern(this.#source);
    return this.#anywhere?.search(text);
  }
}
