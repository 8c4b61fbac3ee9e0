import {
  FieldKind,
  FieldList,
  familyOf,
  isHopByHop,
  isProtected,
  knownField,
  knownKind,
} from '../fields.ts';
import { Refusal } from './refusal.ts';

export interface FieldLimits {
  readonly fieldLineBytes: number;
  readonly headBytes: number;
  readonly maxFields: number;
}

/** What becomes of fields whose name is a token but not of letters, digits and dashes alone (security.md 1.7). */
export type UnusualNames = 'keep' | 'keep-underscores' | 'drop';

const CR = 13;
const SPACE = 32;
const TAB = 9;
const TOO_LARGE = 'Request Header Or Cookie Too Large';

export const REFUSED = {
  controlByte: new Refusal(400, 'control byte in the head'),
  bareLineEnd: new Refusal(400, 'line does not end with CR LF'),
  fieldName: new Refusal(400, 'field name is not a token'),
  fieldTooLarge: new Refusal(400, 'field line too large', TOO_LARGE, 'field'),
  headTooLarge: new Refusal(400, 'head too large', TOO_LARGE, 'head'),
  tooManyFields: new Refusal(400, 'too many fields', TOO_LARGE, 'fields'),
  repeatedHost: new Refusal(400, 'more than one Host'),
  repeatedLength: new Refusal(400, 'more than one Content-Length'),
  length: new Refusal(400, 'Content-Length is not a number in range'),
} as const;

const LF = 10;
const COLON = 58;

/** Classes of bytes: a value may hold all but those of class 0, a plain name those of `NAME_BYTE` alone. */
const VALUE_BYTE = 1;
const NAME_BYTE = 2;
const BYTE_CLASS = new Uint8Array(256).map((_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[0-9A-Za-z-]/.test(character)) return NAME_BYTE;
  return /[\t -~\x80-\xff]/.test(character) ? VALUE_BYTE : 0;
});

/** A head, as bytes and as text of one character a byte. */
export interface HeadBytes {
  readonly bytes: Buffer;
  /** Where `text` begins in `bytes`. */
  readonly start: number;
  /** Ends with the line end of the last field. */
  readonly text: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
export const PLAIN_NAME = /^[0-9A-Za-z-]+$/;
const PLAIN_NAME_OR_UNDERSCORE = /^[0-9A-Za-z_-]+$/;
/** Field content of RFC 9110 §5.5: visible ASCII, space, TAB and bytes above 0x7F. */
const VALUE = /^[\t -~\x80-\xff]*$/;
const DIGITS = /^[0-9]+$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The fields of one message: end-to-end ones in `fields`, and apart from them the text of those that decide how the message
 * is framed and what becomes of the connection.
 */
export class FieldSection {
  readonly fields = new FieldList();
  host: string | undefined;
  contentLength: string | undefined;
  /** Repeated lines of these are joined with commas (RFC 9110 §5.3). */
  transferEncoding: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  te: string | undefined;
  expect: string | undefined;
  #count = 0;

  /** Reads the lines of a head from position `from` of its text, up to the empty one. */
  read(
    head: HeadBytes,
    from: number,
    limits: FieldLimits,
    unusualNames: UnusualNames,
  ): Refusal | undefined {
    const { text } = head;
    let position = from;
    while (position < text.length) {
      if (++this.#count > limits.maxFields) return REFUSED.tooManyFields;
      const next = this.#readUsualLine(head, position, limits);
      if (typeof next !== 'number') return next;
      if (next > 0) {
        position = next;
        continue;
      }
      const lineFeed = text.indexOf('\n', position);
      if (lineFeed === -1 || text.charCodeAt(lineFeed - 1) !== CR) return REFUSED.bareLineEnd;
      if (lineFeed - position >= limits.fieldLineBytes) return REFUSED.fieldTooLarge;
      const refusal = this.#readLine(text, position, lineFeed - 1, unusualNames);
      if (refusal !== undefined) return refusal;
      position = lineFeed + 1;
    }
    return undefined;
  }

  /**
   * Reads a line if nothing about it needs a closer look: a plain name, a colon, a value, CR LF. Position of the next one;
   * 0: to be looked at closer. One pass over the bytes, and no text made of a name that is known.
   */
  #readUsualLine(
    { text, bytes, start }: HeadBytes,
    position: number,
    limits: FieldLimits,
  ): number | Refusal | undefined {
    const nameStart = start + position;
    let at = nameStart;
    while (BYTE_CLASS[bytes[at] ?? 0] === NAME_BYTE) at++;
    if (bytes[at] !== COLON || at === nameStart) return 0;
    const colon = at++;
    while (isBlank(bytes[at] ?? 0)) at++;
    const valueStart = at;
    while ((BYTE_CLASS[bytes[at] ?? 0] ?? 0) >= VALUE_BYTE) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return 0;
    if (at + 1 - nameStart >= limits.fieldLineBytes) return 0;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] ?? 0)) valueEnd--;
    const value = text.slice(valueStart - start, valueEnd - start);
    const known = knownField(bytes, nameStart, colon);
    const name = known?.name ?? text.slice(position, colon - start);
    const refusal = this.#take(name, value, known?.kind ?? knownKind(name) ?? familyOf(name));
    return refusal ?? at + 2 - start;
  }

  #readLine(
    text: string,
    start: number,
    end: number,
    unusualNames: UnusualNames,
  ): Refusal | undefined {
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon >= end) return REFUSED.fieldName;
    const name = text.slice(start, colon);
    const value = trimmedSlice(text, colon + 1, end);
    if (!VALUE.test(value)) return REFUSED.controlByte;
    const known = knownKind(name);
    if (known !== undefined) return this.#take(name, value, known);
    if (!PLAIN_NAME.test(name)) {
      if (!TOKEN.test(name)) return REFUSED.fieldName;
      if (isDropped(name, unusualNames)) return undefined;
    }
    return this.#take(name, value, familyOf(name));
  }

  #take(name: string, value: string, kind: number): Refusal | undefined {
    if (!isHopByHop(kind)) {
      this.fields.push(name, value, kind);
      return undefined;
    }
    switch (kind) {
      case FieldKind.Host:
        if (this.host !== undefined) return REFUSED.repeatedHost;
        this.host = value;
        break;
      case FieldKind.ContentLength:
        if (this.contentLength !== undefined) return REFUSED.repeatedLength;
        this.contentLength = value;
        break;
      case FieldKind.TransferEncoding:
        this.transferEncoding = joined(this.transferEncoding, value);
        break;
      case FieldKind.Connection:
        this.connection = joined(this.connection, value);
        break;
      case FieldKind.Upgrade:
        this.upgrade = joined(this.upgrade, value);
        break;
      case FieldKind.Te:
        this.te = joined(this.te, value);
        break;
      case FieldKind.Expect:
        this.expect = joined(this.expect, value);
        break;
    }
    return undefined;
  }

  /**
   * Drops the fields that `Connection` names, but none that the proxy answers for (security.md 2.1, 2.2), and none of
   * `keptNames` (lower case).
   */
  dropNamedByConnection(options: ConnectionOptions, keptNames?: ReadonlySet<string>): void {
    const { named } = options;
    if (named === undefined) return;
    this.fields.remove((name, kind) => {
      if (isProtected(kind)) return false;
      const lower = name.toLowerCase();
      return named.has(lower) && keptNames?.has(lower) !== true;
    });
  }
}

export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Lower-case names beyond the three above. */
  readonly named: ReadonlySet<string> | undefined;
}

const NO_OPTIONS: ConnectionOptions = {
  close: false,
  keepAlive: false,
  upgrade: false,
  named: undefined,
};
const KEEP_ALIVE: ConnectionOptions = { ...NO_OPTIONS, keepAlive: true };
const CLOSE: ConnectionOptions = { ...NO_OPTIONS, close: true };

/** Reads `Connection`; what is no token in it names nothing and is passed over. */
export function parseConnection(value: string | undefined): ConnectionOptions {
  if (value === undefined) return NO_OPTIONS;
  if (value === 'keep-alive' || value === 'Keep-Alive') return KEEP_ALIVE;
  if (value === 'close') return CLOSE;
  const named = new Set(listElements(value));
  return {
    close: named.delete('close'),
    keepAlive: named.delete('keep-alive'),
    upgrade: named.delete('upgrade'),
    named,
  };
}

/**
 * The elements of a comma-separated list in lower case, without spaces and tabs around them. By hand: a pattern that looks
 * for blanks before a comma takes quadratic time where there are only blanks, and `trim` takes 0xA0 for one.
 */
export function listElements(list: string): string[] {
  return list
    .toLowerCase()
    .split(',')
    .map((element) => trimmedSlice(element, 0, element.length));
}

/** Content-Length as a number of bytes; undefined: not 1*DIGIT below 2^53 (security.md 1.10). */
export function parseContentLength(value: string): number | undefined {
  if (!DIGITS.test(value)) return undefined;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Whether a comma-separated list has this (lower-case) element, whatever its case and parameters. */
export function listHas(list: string | undefined, element: string): boolean {
  if (list === undefined) return false;
  if (list === element) return true;
  return list
    .toLowerCase()
    .split(',')
    .some((item) => item.split(';', 1)[0]?.trim() === element);
}

/** Of a token that is no plain name. */
export function isDropped(name: string, unusualNames: UnusualNames): boolean {
  if (unusualNames === 'keep') return false;
  return unusualNames === 'drop' || !PLAIN_NAME_OR_UNDERSCORE.test(name);
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** The part without spaces and tabs around it. */
function trimmedSlice(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
