import type { FieldList } from '../fields.ts';
import { CHUNKED, NO_BODY } from '../fields.ts';
import { parseAuthority } from '../authority.ts';
import type { ConnectionOptions } from './field-section.ts';
import {
  FieldSection,
  isToken,
  listElements,
  listHas,
  parseConnection,
  parseContentLength,
  REFUSED,
} from './field-section.ts';
import { findHeadEnd, refuseUnfinished, skipEmptyLines } from './head-end.ts';
import { Refusal } from './refusal.ts';

/** How much head a client may send, and what of it is taken: the part of the settings that the parser obeys. */
export interface HeadLimits {
  readonly requestLineBytes: number;
  readonly fieldLineBytes: number;
  readonly headBytes: number;
  readonly maxFields: number;
  readonly allowUnderscores: boolean;
  /** Lower-case names that `Connection` can't have removed either: those that the proxy was told to believe. */
  readonly keptNames: ReadonlySet<string>;
}

export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** In origin-form as received, or `*`. */
  readonly target: string;
  /** As sent, port included; from the target where that is in absolute-form. Empty: HTTP/1.0 without Host. */
  readonly authority: string;
  /** The authority in lower case, without port and trailing dot. */
  readonly host: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  /** End-to-end fields alone: Host, framing, hop-by-hop fields, what Connection names and dropped names are gone. */
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED or a length in bytes. */
  readonly body: number;
  /** The client would send another request on this connection. */
  readonly keepAlive: boolean;
  /** A 100 is awaited before the body is sent. */
  readonly expectContinue: boolean;
  /** `TE: trailers` was sent. */
  readonly acceptsTrailers: boolean;
  /** A WebSocket handshake that may become a tunnel (security.md 6.1). */
  readonly upgrade: boolean;
  /** Bytes from `start` to the end of the head. */
  readonly byteLength: number;
}

const LF = 10;
const CR = 13;

/** A token: methods are case-sensitive and any may be sent. */
export const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;
/** Visible ASCII without `#`: a fragment is the client's own. nginx also takes raw UTF-8; a target of bytes has two readings. */
export const TARGET = /^[!-"$-~]+$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

const LINE_TOO_LONG = new Refusal(414, 'request line too long', 'Request-URI Too Large', 'line');
const BAD_LINE = new Refusal(400, 'request line is not method, target and version');
const BAD_TARGET = new Refusal(400, 'request target holds bytes or a form not allowed');
const BAD_VERSION = new Refusal(505, 'version is not HTTP/1.0 or HTTP/1.1');
const CONNECT = new Refusal(405, 'CONNECT is not tunnelled');
const NO_HOST = new Refusal(400, 'no Host');
const BAD_HOST = new Refusal(400, 'Host or authority is not host and port');
const TWO_FRAMINGS = new Refusal(400, 'Transfer-Encoding and Content-Length');
const CODING_IN_1_0 = new Refusal(400, 'Transfer-Encoding in HTTP/1.0');
const UNKNOWN_CODING = new Refusal(501, 'transfer coding is not chunked');
const BAD_CODING = new Refusal(400, 'Transfer-Encoding is malformed');
const UNKNOWN_EXPECTATION = new Refusal(417, 'expectation is not 100-continue');

/** Parses the head that begins at `start`. Undefined: incomplete, and nothing so far is refusable. */
export function parseRequestHead(
  buffer: Buffer,
  start: number,
  limits: HeadLimits,
): RequestHead | Refusal | undefined {
  const lineStart = skipEmptyLines(buffer, start);
  if (lineStart instanceof Refusal) return lineStart;
  const end = findHeadEnd(buffer, lineStart, limits.headBytes);
  const text =
    end === undefined
      ? firstLine(buffer, lineStart, limits)
      : buffer.toString('latin1', lineStart, end - 2);
  const lineFeed = text.indexOf('\n');
  if (lineFeed === -1) return refuseUnfinishedLine(text, limits);
  const line = parseRequestLine(text, lineFeed, limits);
  if (line instanceof Refusal) return line;
  if (end === undefined)
    return refuseUnfinished(buffer, lineStart, lineStart + lineFeed + 1, limits);
  const section = new FieldSection();
  const refusal = section.read(
    { bytes: buffer, start: lineStart, text },
    lineFeed + 1,
    limits,
    limits.allowUnderscores ? 'keep-underscores' : 'drop',
  );
  return refusal ?? completeHead(line, section, limits.keptNames, end - start);
}

/** As much as the request line may be, and one byte more. */
function firstLine(buffer: Buffer, start: number, limits: HeadLimits): string {
  const lineFeed = buffer.indexOf(LF, start);
  const most = start + limits.requestLineBytes + 1;
  const end = lineFeed === -1 ? buffer.length : lineFeed + 1;
  return buffer.toString('latin1', start, Math.min(end, most));
}

/** A method, and then nothing that is no visible byte or space, up to the CR. */
const UNFINISHED_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*(?: [ -~]*)?\r?$/;

function refuseUnfinishedLine(text: string, limits: HeadLimits): Refusal | undefined {
  if (text.length > limits.requestLineBytes) return LINE_TOO_LONG;
  if (!UNFINISHED_LINE.test(text)) return BAD_LINE;
  return undefined;
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  /** From an absolute-form target. */
  readonly authority: string | undefined;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
}

function parseRequestLine(
  text: string,
  lineFeed: number,
  limits: HeadLimits,
): RequestLine | Refusal {
  if (lineFeed >= limits.requestLineBytes) return LINE_TOO_LONG;
  if (text.charCodeAt(lineFeed - 1) !== CR) return REFUSED.bareLineEnd;
  const methodEnd = text.indexOf(' ');
  const targetEnd = text.indexOf(' ', methodEnd + 1);
  if (methodEnd === -1 || targetEnd === -1 || targetEnd > lineFeed) return BAD_LINE;
  const method = text.slice(0, methodEnd);
  const target = text.slice(methodEnd + 1, targetEnd);
  const version = text.slice(targetEnd + 1, lineFeed - 1);
  if (method !== 'GET' && !METHOD.test(method)) return BAD_LINE;
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    return VERSION.test(version) ? BAD_VERSION : BAD_LINE;
  }
  if (method === 'CONNECT') return CONNECT;
  if (!TARGET.test(target)) return BAD_TARGET;
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) {
    return { method, target, authority: undefined, protocol: version };
  }
  return fromAbsoluteForm(method, target, version);
}

/** `http://host/path` (RFC 9112 §3.2.2): its authority replaces Host. Without a path: `/`, for OPTIONS `*`. */
function fromAbsoluteForm(
  method: string,
  target: string,
  protocol: RequestLine['protocol'],
): RequestLine | Refusal {
  const parts = ABSOLUTE.exec(target);
  const authority = parts?.[1] ?? '';
  if (authority === '') return BAD_TARGET;
  const rest = parts?.[2] ?? '';
  if (rest === '') return { method, target: method === 'OPTIONS' ? '*' : '/', authority, protocol };
  return { method, target: rest.startsWith('/') ? rest : `/${rest}`, authority, protocol };
}

function completeHead(
  line: RequestLine,
  section: FieldSection,
  keptNames: ReadonlySet<string>,
  byteLength: number,
): RequestHead | Refusal {
  const host = routedHost(line, section);
  if (host instanceof Refusal) return host;
  const body = requestBody(line, section);
  if (body instanceof Refusal) return body;
  const { expect } = section;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return UNKNOWN_EXPECTATION;
  const connection = parseConnection(section.connection);
  section.dropNamedByConnection(connection, keptNames);
  const isRecent = line.protocol === 'HTTP/1.1';
  return {
    method: line.method,
    target: line.target,
    authority: line.authority ?? section.host ?? '',
    host,
    protocol: line.protocol,
    fields: section.fields,
    body,
    keepAlive: !connection.close && (isRecent || connection.keepAlive),
    expectContinue: expect !== undefined && isRecent && (body === CHUNKED || body > 0),
    acceptsTrailers: listHas(section.te, 'trailers'),
    upgrade:
      isRecent && asksForWebSocket(line, section, connection) && (body === NO_BODY || body === 0),
    byteLength,
  };
}

function routedHost(line: RequestLine, section: FieldSection): string | Refusal {
  const fromField = section.host === undefined ? undefined : parseAuthority(section.host);
  if (section.host === undefined) {
    if (line.protocol === 'HTTP/1.1') return NO_HOST;
    if (line.authority === undefined) return '';
  } else if (fromField === undefined) {
    return BAD_HOST;
  }
  if (line.authority === undefined) return fromField ?? '';
  return parseAuthority(line.authority) ?? BAD_HOST;
}

/** security.md 1.10 and 1.11: one framing or none. */
function requestBody(line: RequestLine, section: FieldSection): number | Refusal {
  const { transferEncoding, contentLength } = section;
  if (transferEncoding === undefined) {
    if (contentLength === undefined) return NO_BODY;
    return parseContentLength(contentLength) ?? REFUSED.length;
  }
  if (contentLength !== undefined) return TWO_FRAMINGS;
  if (line.protocol === 'HTTP/1.0') return CODING_IN_1_0;
  if (transferEncoding.toLowerCase() === 'chunked') return CHUNKED;
  const codings = listElements(transferEncoding);
  if (!codings.every(isToken)) return BAD_CODING;
  return codings.every((coding) => coding === 'chunked') ? BAD_CODING : UNKNOWN_CODING;
}

function asksForWebSocket(
  line: RequestLine,
  section: FieldSection,
  connection: ConnectionOptions,
): boolean {
  return (
    connection.upgrade && line.method === 'GET' && section.upgrade?.toLowerCase() === 'websocket'
  );
}
