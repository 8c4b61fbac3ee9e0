import { parseAuthority } from '../authority.ts';
import type { ExchangeHead } from '../codec.ts';
import { CHUNKED, NO_BODY, type FieldList } from '../fields.ts';
import { parseContentLength, REFUSED } from '../http1/field-section.ts';
import { Refusal } from '../http1/refusal.ts';
import { METHOD, TARGET, type HeadLimits } from '../http1/request-head.ts';
import type { HeaderBlock } from './header-block.ts';
import { MALFORMED, Malformed } from './malformed.ts';
import { PseudoFields, RequestFields } from './request-field-section.ts';

/** A parsed request (http1/request-head.ts says more of each member). */
export interface RequestHead extends ExchangeHead {
  readonly protocol: 'HTTP/2.0';
  /** A 100 is awaited before the body is sent. */
  readonly expectContinue: boolean;
  /** What Content-Length says, where a body follows. */
  readonly declaredLength: number | undefined;
}

const LINE_TOO_LONG = new Refusal(414, 'request line too long', 'Request-URI Too Large', 'line');
const BAD_TARGET = new Refusal(400, 'request target holds bytes or a form not allowed');
const NO_HOST = new Refusal(400, 'no authority');
const BAD_HOST = new Refusal(400, 'Host or authority is not host and port');
const TWO_HOSTS = new Refusal(400, 'Host is not the authority');
const CONNECT = new Refusal(405, 'CONNECT is not tunnelled');
const UNKNOWN_PROTOCOL = new Refusal(501, 'only WebSocket is spoken within HTTP/2');
const UNKNOWN_EXPECTATION = new Refusal(417, 'expectation is not 100-continue');

/** What a request line of HTTP/1.1 has besides method and target. */
const LINE_OVERHEAD = ' '.length + ' HTTP/1.1\r\n'.length;

/**
 * Parses the head of a request (RFC 9113 §8.3.1, RFC 8441 §4) by the rules that hold for HTTP/1.1. A `Malformed` is answered
 * with an error of the stream, a `Refusal` with its status.
 */
export function parseRequestHead(
  block: HeaderBlock,
  endStream: boolean,
  limits: HeadLimits,
): RequestHead | Refusal | Malformed {
  const pseudo = new PseudoFields();
  const section = new RequestFields();
  const fault = section.read(block.parts, pseudo, limits);
  if (fault instanceof Malformed) return fault;
  if (block.isTooLarge) return REFUSED.headTooLarge;
  if (fault !== undefined) return fault;
  const { method } = pseudo;
  if (method === undefined || !METHOD.test(method)) return MALFORMED.pseudo;
  const upgrade = method === 'CONNECT';
  const refusal = upgrade ? refuseConnect(pseudo, endStream, limits) : refuseTarget(pseudo, limits);
  if (refusal !== undefined) return refusal;
  const authority = pseudo.authority ?? section.host;
  const host = routedHost(pseudo.authority, section.host);
  if (typeof host !== 'string') return host;
  const declared = declaredLength(section, endStream);
  if (declared instanceof Malformed) return declared;
  const { expect } = section;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return UNKNOWN_EXPECTATION;
  return {
    method: upgrade ? 'GET' : method,
    target: pseudo.path ?? '',
    authority: authority ?? '',
    host,
    protocol: 'HTTP/2.0',
    fields: section.fields,
    body: upgrade ? NO_BODY : bodyOf(declared, endStream),
    expectContinue: expect !== undefined && !endStream,
    acceptsTrailers: section.acceptsTrailers,
    upgrade,
    declaredLength: upgrade ? undefined : declared,
    byteLength: block.byteLength,
  };
}

/**
 * Parses trailers; those that must not come late are left out (RFC 9110 §6.5.1). They always end the stream.
 */
export function parseTrailers(
  block: HeaderBlock,
  limits: HeadLimits,
): FieldList | Refusal | Malformed {
  const section = new RequestFields();
  const fault = section.read(block.parts, undefined, limits);
  if (fault !== undefined) return fault;
  if (block.isTooLarge) return REFUSED.headTooLarge;
  section.dropProtected();
  return section.fields;
}

function refuseTarget(pseudo: PseudoFields, limits: HeadLimits): Refusal | Malformed | undefined {
  const { method = '', scheme, path, protocol } = pseudo;
  if (scheme === undefined || path === undefined || path === '' || protocol !== undefined) {
    return MALFORMED.pseudo;
  }
  if (isLineTooLong(method, path, limits)) return LINE_TOO_LONG;
  const isForm = path.startsWith('/') || (path === '*' && method === 'OPTIONS');
  return isForm && TARGET.test(path) && isWebScheme(scheme) ? undefined : BAD_TARGET;
}

/** CONNECT is a tunnel, which is refused, or with `:protocol` another protocol (RFC 8441 §4), of which WebSocket is served. */
function refuseConnect(
  pseudo: PseudoFields,
  endStream: boolean,
  limits: HeadLimits,
): Refusal | Malformed | undefined {
  const { scheme, path, protocol, authority } = pseudo;
  if (protocol === undefined) {
    const isSound = scheme === undefined && path === undefined && authority !== undefined;
    return isSound ? CONNECT : MALFORMED.pseudo;
  }
  if (scheme === undefined || path === undefined || authority === undefined || endStream) {
    return MALFORMED.pseudo;
  }
  if (isLineTooLong('GET', path, limits)) return LINE_TOO_LONG;
  if (protocol !== 'websocket') return UNKNOWN_PROTOCOL;
  return path.startsWith('/') && TARGET.test(path) && isWebScheme(scheme) ? undefined : BAD_TARGET;
}

/** Of the line that it would be in HTTP/1.1. */
function isLineTooLong(method: string, path: string, limits: HeadLimits): boolean {
  return method.length + path.length + LINE_OVERHEAD > limits.requestLineBytes;
}

function isWebScheme(scheme: string): boolean {
  return scheme === 'https' || scheme === 'http';
}

/** security.md 8.2: what `:authority` says is the host, and Host may say nothing else. */
function routedHost(authority: string | undefined, host: string | undefined): string | Refusal {
  const text = authority ?? host;
  if (text === undefined) return NO_HOST;
  if (authority !== undefined && host !== undefined && authority !== host) {
    if (authority.toLowerCase() !== host.toLowerCase()) return TWO_HOSTS;
  }
  return parseAuthority(text) ?? BAD_HOST;
}

function declaredLength(
  { contentLength }: RequestFields,
  endStream: boolean,
): number | undefined | Malformed {
  if (contentLength === undefined) return undefined;
  const length = parseContentLength(contentLength);
  if (length === undefined) return MALFORMED.length;
  return endStream && length > 0 ? MALFORMED.length : length;
}

/** A length of 0 whose stream has not ended is not whole yet, which a length could not tell an endpoint. */
function bodyOf(declared: number | undefined, endStream: boolean): number {
  if (endStream) return declared ?? NO_BODY;
  return declared === undefined || declared === 0 ? CHUNKED : declared;
}
