import type { FieldLimits } from './field-section.ts';
import { REFUSED } from './field-section.ts';
import { Refusal } from './refusal.ts';

const CR = 13;
const LF = 10;
const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');

/** Empty lines before a head that are passed over (RFC 9112 §2.2): some clients end a body with one too many. */
const MAX_EMPTY_LINES = 2;

const GARBAGE = new Refusal(400, 'bytes before the first line');

/** Position of the first line, past empty lines; at the end of the buffer where there is none yet. */
export function skipEmptyLines(buffer: Buffer, start: number): number | Refusal {
  let position = start;
  for (let line = 0; line < MAX_EMPTY_LINES && buffer[position] === CR; line++) {
    if (position + 1 === buffer.length) return buffer.length;
    if (buffer[position + 1] !== LF) return GARBAGE;
    position += 2;
  }
  return position;
}

/** Heads are mostly shorter, and a loop finds their end in a fifth of the time that a native search takes to begin. */
const LOOPED_BYTES = 2_048;

/** Position after the head that begins at `start`, undefined where its end has not come within `headBytes`. */
export function findHeadEnd(buffer: Buffer, start: number, headBytes: number): number | undefined {
  const end = loopToHeadEnd(buffer, start) ?? searchHeadEnd(buffer, start);
  return end === undefined || end - start > headBytes ? undefined : end;
}

/** Looks at every fourth byte as long as that is none of the four that end a head. */
function loopToHeadEnd(buffer: Buffer, start: number): number | undefined {
  const last = Math.min(buffer.length, start + LOOPED_BYTES);
  let at = start + 3;
  while (at < last) {
    const byte = buffer[at];
    if (byte === LF) {
      if (buffer[at - 1] === CR && buffer[at - 2] === LF && buffer[at - 3] === CR) return at + 1;
      at += 2;
    } else {
      at += byte === CR ? 1 : 4;
    }
  }
  return undefined;
}

function searchHeadEnd(buffer: Buffer, start: number): number | undefined {
  if (buffer.length - start <= LOOPED_BYTES) return undefined;
  const end = buffer.indexOf(HEAD_END, start);
  return end === -1 ? undefined : end + HEAD_END.length;
}

/**
 * What can be refused of a head that has not ended yet, so that garbage is answered at once and not after the timeout. Native
 * searches alone: a client that sends byte by byte has this run for each byte. `firstLineEnd` is the position after the first line.
 */
export function refuseUnfinished(
  buffer: Buffer,
  start: number,
  firstLineEnd: number,
  limits: FieldLimits,
): Refusal | undefined {
  if (buffer.length - start >= limits.headBytes) return REFUSED.headTooLarge;
  let lines = 0;
  let position = firstLineEnd;
  for (;;) {
    const lineFeed = buffer.indexOf(LF, position);
    const lineEnd = lineFeed === -1 ? buffer.length : lineFeed;
    if (lineEnd - position >= limits.fieldLineBytes) return REFUSED.fieldTooLarge;
    if (lineFeed === -1) break;
    if (buffer[lineFeed - 1] !== CR) return REFUSED.bareLineEnd;
    if (++lines > limits.maxFields) return REFUSED.tooManyFields;
    position = lineFeed + 1;
  }
  if (buffer.indexOf(0, start) !== -1) return REFUSED.controlByte;
  return undefined;
}
