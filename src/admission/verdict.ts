/** What goes back to whoever writes the object: its own sentences, ready to be shown. */
export interface Verdict {
  /** Empty: it is allowed. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

export const ALLOWED: Verdict = { refusals: [], warnings: [] };

/** Something to say about a field of the object. */
export interface Remark {
  readonly field: string | undefined;
  readonly message: string;
}

const MAX_REFUSALS = 10;
const MAX_REFUSAL_LENGTH = 2_000;
const MAX_WARNINGS = 15;
/**
 * Room for the remedy, which 120 characters, as the API conventions wish for, would cut off. The API server passes this many
 * on whole, as long as all warnings of a request have no more than 4,096.
 */
const MAX_WARNING_LENGTH = 256;

export function verdictOf(refused: readonly Remark[], warned: readonly Remark[]): Verdict {
  const refusals = refused.map(({ field, message }) =>
    shorten(field === undefined ? message : `${field}: ${message}`, MAX_REFUSAL_LENGTH),
  );
  const warnings = warned.map(({ field, message }) =>
    shorten(field === undefined ? message : `${shortField(field)}: ${message}`, MAX_WARNING_LENGTH),
  );
  return {
    refusals: some(refusals, MAX_REFUSALS),
    warnings: some([...new Set(warnings)], MAX_WARNINGS),
  };
}

function some(texts: readonly string[], max: number): readonly string[] {
  if (texts.length <= max) return texts;
  const more = `… and ${texts.length - max + 1} more.`;
  return [...texts.slice(0, max - 1), more];
}

/** Of an annotation its name alone: most of a warning's room would be gone. */
function shortField(field: string): string {
  return /^metadata\.annotations\[[^/\]]*\/(.+)\]$/.exec(field)?.[1] ?? field;
}

/** Ends with a sentence where one ends in the second half of what there is room for, else with a word. */
function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max);
  const sentence = Math.max(cut.lastIndexOf('. '), cut.lastIndexOf('; '), cut.lastIndexOf(': '));
  if (sentence > cut.length / 2) return `${cut.slice(0, sentence)} …`;
  // No half of a pair of surrogates at the end.
  const room = text.slice(0, max - 2).replace(/[\ud800-\udbff]$/, '');
  const word = room.lastIndexOf(' ');
  return `${word > room.length / 2 ? room.slice(0, word) : room} …`;
}
