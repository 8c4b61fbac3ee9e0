import type { FieldList } from '../fields.ts';
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../fields.ts';
import type { FieldLimits } from './field-section.ts';
import { FieldSection, parseConnection, parseContentLength } from './field-section.ts';
import { findHeadEnd, refuseUnfinished } from './head-end.ts';
import { Refusal } from './refusal.ts';

/** How much head an upstream may send. */
export interface ResponseLimits {
  readonly headBytes: number;
  readonly maxFields: number;
}

/** What of the request decides how its answer is read. */
export interface AnsweredRequest {
  readonly method: string;
  /** The request that was sent asked for a WebSocket. */
  readonly upgrade: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** End-to-end fields alone; Content-Length is in `body` or `declaredLength`. */
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED, UNTIL_CLOSE or a length in bytes. */
  readonly body: number;
  /** Content-Length where no body follows it: answers to HEAD, and 304. */
  readonly declaredLength: number | undefined;
  /** The connection may carry another exchange once the body was read whole. */
  readonly keepAlive: boolean;
  /** A 101 that was asked for: what follows is the tunnel. */
  readonly upgrade: boolean;
  /** Bytes from `start` to the end of the head. */
  readonly byteLength: number;
}

const LF = 10;
const CR = 13;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t -~\x80-\xff]*))?$/;
const STATUS_LINE_START = 'HTTP/1.';

const BAD_STATUS_LINE = new Refusal(502, 'upstream status line is not valid');
const BAD_CODING = new Refusal(502, 'upstream transfer coding is not chunked');
const BAD_LENGTH = new Refusal(502, 'upstream Content-Length is not a number in range');
const UNASKED_UPGRADE = new Refusal(502, 'upstream switched protocols unasked');

/** Parses the head that begins at `start`; interim (1xx) heads too. Undefined: incomplete. Each refusal is a 502. */
export function parseResponseHead(
  buffer: Buffer,
  start: number,
  request: AnsweredRequest,
  limits: ResponseLimits,
): ResponseHead | Refusal | undefined {
  const fieldLimits = {
    fieldLineBytes: limits.headBytes,
    headBytes: limits.headBytes,
    maxFields: limits.maxFields,
  };
  const end = findHeadEnd(buffer, start, limits.headBytes);
  if (end === undefined) return refuseUnfinishedHead(buffer, start, fieldLimits);
  const text = buffer.toString('latin1', start, end - 2);
  const lineEnd = text.indexOf('\r\n');
  const line = usualStatusLine(text, lineEnd) ?? parseStatusLine(text.slice(0, lineEnd));
  if (line === undefined) return BAD_STATUS_LINE;
  const section = new FieldSection();
  const refusal = section.read({ bytes: buffer, start, text }, lineEnd + 2, fieldLimits, 'keep');
  if (refusal !== undefined) return asBadGateway(refusal);
  return completeHead(line, section, request, end - start);
}

/** Anything that does not begin as a status line, HTTP/0.9 among it, is refused with its first bytes. */
function refuseUnfinishedHead(
  buffer: Buffer,
  start: number,
  limits: FieldLimits,
): Refusal | undefined {
  const seen = buffer.toString('latin1', start, start + STATUS_LINE_START.length);
  if (!STATUS_LINE_START.startsWith(seen)) return BAD_STATUS_LINE;
  const lineFeed = buffer.indexOf(LF, start);
  if (lineFeed !== -1 && buffer[lineFeed - 1] !== CR) return BAD_STATUS_LINE;
  const firstLineEnd = lineFeed === -1 ? buffer.length : lineFeed + 1;
  return asBadGateway(refuseUnfinished(buffer, start, firstLineEnd, limits));
}

const badGateways = new Map<Refusal, Refusal>();

/** The same reason, as the upstream's fault. */
function asBadGateway(refusal: Refusal | undefined): Refusal | undefined {
  if (refusal === undefined) return undefined;
  let known = badGateways.get(refusal);
  if (known === undefined) {
    known = new Refusal(502, `upstream: ${refusal.reason}`, undefined, refusal.excess);
    badGateways.set(refusal, known);
  }
  return known;
}

const OK_LINE: StatusLine = { isRecent: true, status: 200, reason: 'OK' };

/** The line that nearly all answers begin with; undefined: another. */
function usualStatusLine(text: string, lineEnd: number): StatusLine | undefined {
  return lineEnd === 15 && text.startsWith('HTTP/1.1 200 OK') ? OK_LINE : undefined;
}

function parseStatusLine(text: string): StatusLine | undefined {
  const line = STATUS_LINE.exec(text);
  if (line === null) return undefined;
  return { isRecent: line[1] === '1', status: Number(line[2]), reason: line[3] ?? '' };
}

interface StatusLine {
  readonly isRecent: boolean;
  readonly status: number;
  readonly reason: string;
}

function completeHead(
  line: StatusLine,
  section: FieldSection,
  request: AnsweredRequest,
  byteLength: number,
): ResponseHead | Refusal {
  const { status } = line;
  const upgrade = status === 101;
  if (upgrade && !(request.upgrade && section.upgrade?.toLowerCase() === 'websocket')) {
    return UNASKED_UPGRADE;
  }
  const length =
    section.contentLength === undefined ? undefined : parseContentLength(section.contentLength);
  if (section.contentLength !== undefined && length === undefined) return BAD_LENGTH;
  const body = responseBody(status, request.method, section, length);
  if (body instanceof Refusal) return body;
  const connection = parseConnection(section.connection);
  section.dropNamedByConnection(connection);
  const hasTwoFramings = section.transferEncoding !== undefined && length !== undefined;
  return {
    status,
    reason: line.reason,
    fields: section.fields,
    body,
    declaredLength: body === NO_BODY && status >= 200 && status !== 204 ? length : undefined,
    keepAlive:
      !upgrade &&
      body !== UNTIL_CLOSE &&
      !hasTwoFramings &&
      !connection.close &&
      (line.isRecent ? true : connection.keepAlive && section.transferEncoding === undefined),
    upgrade,
    byteLength,
  };
}

/** RFC 9112 §6.3. A Content-Length beside Transfer-Encoding is not obeyed. */
function responseBody(
  status: number,
  method: string,
  section: FieldSection,
  length: number | undefined,
): number | Refusal {
  const { transferEncoding } = section;
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    return BAD_CODING;
  }
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY;
  if (transferEncoding !== undefined) return CHUNKED;
  return length ?? UNTIL_CLOSE;
}
