import { isUtf8 } from 'node:buffer';

/**
 * Escaping for log lines. Values are binary strings, one character a byte, as they came off the wire; so is what leaves.
 * Whatever the style, no control byte survives raw, and what is not ASCII leaves as valid UTF-8 or escaped.
 */
export type LogEscape = (value: string) => string;

const NOT_ASCII = /[^\x00-\x7f]/;

/** nginx's default: quotes, backslashes and everything outside printable ASCII as `\xXX`. */
export function escapeHex(value: string): string {
  if (!/[^\x20\x21\x23-\x5b\x5d-\x7e]/.test(value)) return value;
  return asBytes(value).replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, hexByte);
}

/** For within a JSON string. */
export function escapeJson(value: string): string {
  if (!/[^\x20\x21\x23-\x5b\x5d-\x7e]/.test(value)) return value;
  return escapeParts(value, /[\x00-\x1f"\\\x7f]/g, jsonCharacter, jsonHighBytes);
}

/** As it is, but for control bytes and what is not UTF-8. */
export function escapeControls(value: string): string {
  if (!/[^\x20-\x7e]/.test(value)) return value;
  return escapeParts(value, /[\x00-\x1f\x7f]/g, hexByte, hexHighBytes);
}

/** Text of our own side (names, paths of rules) as the bytes of its UTF-8. */
export function toBinary(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** Guards against text that never was bytes: a character must not leave as some other, shorter one. */
function asBytes(value: string): string {
  return /[^\x00-\xff]/.test(value) ? toBinary(value) : value;
}

/** What is not ASCII: all of it is escaped where the value is not UTF-8, else the C1 controls alone. */
function escapeParts(
  value: string,
  ascii: RegExp,
  character: (found: string) => string,
  highBytes: (found: string) => string,
): string {
  const escaped = asBytes(value).replace(ascii, character);
  if (!NOT_ASCII.test(escaped)) return escaped;
  const isText = isUtf8(Buffer.from(escaped, 'latin1'));
  return escaped.replace(isText ? /\xc2[\x80-\x9f]/g : /[\x80-\xff]/g, highBytes);
}

/** Of a C1 control in UTF-8 the second byte is its code point. */
function jsonHighBytes(found: string): string {
  return jsonCodeUnit(found.slice(-1));
}

function hexHighBytes(found: string): string {
  return found.replace(/[\x80-\xff]/g, hexByte);
}

function hexByte(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function jsonCharacter(character: string): string {
  return SHORT_JSON.get(character) ?? jsonCodeUnit(character);
}

function jsonCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const SHORT_JSON = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);
