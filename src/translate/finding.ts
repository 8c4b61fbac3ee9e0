import type { Finding, FindingCode } from '../model/finding.ts';

/** Longest piece of a user's text that a message repeats. */
const MAX_QUOTED = 120;

/** A user's text as a message may hold it: in quotes, without control bytes, cut where it is long. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]/g,
    '�',
  );
}

export function finding(
  code: FindingCode,
  object: string,
  field: string | undefined,
  message: string,
): Finding {
  return { code, object, field, message };
}

/** By object, then code, field and message: the same findings come in the same order whatever was read first. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const keyed = findings.map((item) => ({
    item,
    key: `${item.object}\0${item.code}\0${item.field ?? ''}\0${item.message}`,
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ item }) => item);
}
