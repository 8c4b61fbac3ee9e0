import type { FieldList } from './fields.ts';
import { fieldLines } from './http1/field-lines.ts';

/** Fields that many messages have in common, and the text that HTTP/1.1 makes of them, made once. */
export class FieldBlock {
  readonly fields: FieldList;
  /** `Name: value` lines. */
  readonly lines: string;

  constructor(fields: FieldList) {
    this.fields = fields.compact();
    // Flat: what it is put together from would cost thrice as much for as long as a connection is kept.
    this.lines = Buffer.from(fieldLines(fields), 'latin1').toString('latin1');
  }
}

/** By field kind: 1 for those that are not passed on. */
export type KindMask = Uint8Array;

export function kindMask(kinds: readonly number[]): KindMask {
  const mask = new Uint8Array(256);
  for (const kind of kinds) mask[kind] = 1;
  return mask;
}
