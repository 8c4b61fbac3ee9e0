import { RE2JS } from 're2js';
import { patternSize } from './pattern-size.ts';

/** As the data plane compiles them: `.` takes every character. */
const FLAGS = RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL;

/** Programs beyond this are refused there: time grows with path times program. */
const MAX_INSTRUCTIONS = 1_000;
/** Nothing larger is compiled, to learn of its program: that alone would take seconds. */
const MAX_SIZE = 2 * MAX_INSTRUCTIONS;
const TOO_LARGE = 'it is too large';

/**
 * Why a tenant's regular expression can't be served, as half a sentence; undefined where it can: it is of RE2's dialect, which
 * runs in linear time, and small.
 */
export function patternProblem(source: string): string | undefined {
  if (patternSize(source) > MAX_SIZE) return TOO_LARGE;
  try {
    if (RE2JS.compile(source, FLAGS).programSize() > MAX_INSTRUCTIONS) return TOO_LARGE;
    RE2JS.compile(`^(?:${source})`, FLAGS);
    return undefined;
  } catch (error) {
    // Its messages show the pattern with our flags in front.
    const text = error instanceof Error ? error.message.replace('(?s)(?i)', '') : '';
    const detail = text === '' ? '' : ` (${text.slice(0, 200)})`;
    return `it is not of RE2's syntax, which has no lookarounds and no backreferences${detail}`;
  }
}
