import { isUtf8 } from 'node:buffer';

/** A request target as everything but the upstream sees it. */
export interface NormalTarget {
  /** Decoded once, slashes merged, dot segments resolved; starts with `/`, or is `*`. */
  readonly path: string;
  /** `?` and what follows, as received; empty without one. */
  readonly query: string;
}

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;

/**
 * Splits an origin-form target (latin1: one character a byte) into canonical path and query. Undefined, which is a 400, for
 * a path that climbs above the root, an encoded NUL, a broken escape, or something that is no path at all. Percent escapes
 * are decoded once; the query is not looked at. Source: routing.md §4, RFC 3986 §6.2.2.
 */
export function normaliseTarget(target: string): NormalTarget | undefined {
  if (target.charCodeAt(0) !== SLASH) {
    return target === '*' ? { path: '*', query: '' } : undefined;
  }
  const pathLength = plainPathLength(target);
  if (pathLength === target.length) return { path: target, query: '' };
  if (pathLength >= 0)
    return { path: target.slice(0, pathLength), query: target.slice(pathLength) };

  const mark = target.indexOf('?');
  const raw = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  const decoded = decodeEscapes(raw);
  if (decoded === undefined) return undefined;
  const path = resolveSegments(decoded);
  return path === undefined ? undefined : { path, query };
}

/** Length of a path that is already canonical, -1 where it may not be. Looks at each character once, makes nothing. */
function plainPathLength(target: string): number {
  let previous = 0;
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code === QUESTION_MARK) return i;
    if (code === PERCENT || code > 0x7f) return -1;
    if (previous === SLASH && (code === SLASH || code === DOT)) return -1;
    previous = code;
  }
  return target.length;
}

/**
 * Resolves `.` and `..` segments and merges slashes in a decoded absolute path. Undefined when it climbs above the root.
 * Slashes are merged first: in `/a//../b` the `..` takes `a` away.
 */
export function resolveSegments(path: string): string | undefined {
  const kept: string[] = [];
  let isDirectory = false;
  for (const segment of path.split('/')) {
    isDirectory = segment === '' || segment === '.' || segment === '..';
    if (segment === '..' && kept.pop() === undefined) return undefined;
    if (!isDirectory) kept.push(segment);
  }
  if (kept.length === 0) return '/';
  return `/${kept.join('/')}${isDirectory ? '/' : ''}`;
}

function decodeEscapes(raw: string): string | undefined {
  const bytes = Buffer.from(raw, 'latin1');
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    let byte = raw.charCodeAt(i);
    if (byte === PERCENT) {
      byte = hexDigit(raw.charCodeAt(i + 1)) * 16 + hexDigit(raw.charCodeAt(i + 2));
      // NaN: a digit that is none, or missing.
      if (!(byte > 0)) return undefined;
      i += 2;
    }
    bytes[length++] = byte;
  }
  return textOfBytes(bytes.subarray(0, length));
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN;
}

/** Of text with a character a byte: a run of well-formed sequences (RFC 3629 §4), or one byte that is in none. */
const BEYOND_ASCII =
  /(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3})+|[\x80-\xff]/g;

/**
 * Paths of rules are Unicode text, so bytes are read as UTF-8. A byte that is not part of any becomes the lone surrogate
 * U+DC00 + byte, alone: what stands around it is read as ever, so it can't hide a path from the rule that guards it. No
 * rule's text can equal it, two different paths never become one, and `encodePath` gives the byte back.
 */
function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .replace(BEYOND_ASCII, (run) =>
      run.length === 1
        ? String.fromCharCode(0xdc00 + run.charCodeAt(0))
        : Buffer.from(run, 'latin1').toString('utf8'),
    );
}

const WIRE_SAFE = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const NOT_WIRE_SAFE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu;

/** The way back: percent-encodes whatever may not stand in the path of a target (RFC 3986 §3.3), `%` and `?` included. */
export function encodePath(path: string): string {
  if (WIRE_SAFE.test(path)) return path;
  return path.replace(NOT_WIRE_SAFE, (character) => {
    const code = character.charCodeAt(0);
    const isRawByte = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    const bytes = isRawByte ? Buffer.of(code - 0xdc00) : Buffer.from(character, 'utf8');
    return bytes.toString('hex').toUpperCase().replace(/../g, '%$&');
  });
}
