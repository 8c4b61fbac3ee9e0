import type { KindMask } from '../field-block.ts';
import type { FieldList } from '../fields.ts';

/** `text`, and after it a line for each field whose kind is not in `dropped`. */
export function passedLines(text: string, fields: FieldList, dropped: KindMask): string {
  const { names, values, kinds } = fields;
  let lines = text;
  for (let index = 0; index < names.length; index++) {
    if (dropped[kinds[index] ?? 0] === 1) continue;
    lines += `${names[index] ?? ''}: ${values[index] ?? ''}\r\n`;
  }
  return lines;
}

/** A line for each field. */
export function fieldLines({ names, values }: FieldList): string {
  let lines = '';
  for (let index = 0; index < names.length; index++) {
    lines += `${names[index] ?? ''}: ${values[index] ?? ''}\r\n`;
  }
  return lines;
}
