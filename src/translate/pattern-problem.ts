import { RE2JS } from 're2js';

/** As the data plane compiles them: `.` takes every character. */
const FLAGS = RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL;

/** Programs beyond this are refused there: time grows with path times program. */
const MAX_INSTRUCTIONS = 1_000;

/**
 * Why a tenant's regular expression can't be served, as half a sentence; undefined where it can: it is of RE2's dialect, which
 * runs in linear time, and small.
 */
export function patternProblem(source: string): string | undefined {
  try {
    const size = RE2JS.compile(source, FLAGS).programSize();
    RE2JS.compile(`^(?:${source})`, FLAGS);
    return size > MAX_INSTRUCTIONS ? 'it is too large' : undefined;
  } catch (error) {
    // Its messages show the pattern with our flags in front.
    const text = error instanceof Error ? error.message.replace('(?s)(?i)', '') : '';
    const detail = text === '' ? '' : ` (${text.slice(0, 200)})`;
    return `it is not of RE2's syntax, which has no lookarounds and no backreferences${detail}`;
  }
}
