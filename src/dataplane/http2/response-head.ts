import {
  CHUNKED,
  FieldKind,
  FieldList,
  fieldKindOf,
  isHopByHop,
  isProtected,
  NO_BODY,
} from '../fields.ts';
import type { AnswerHead } from '../codec.ts';
import { parseContentLength, REFUSED } from '../http1/field-section.ts';
import { Refusal } from '../http1/refusal.ts';
import { isConnectionField, isFieldName, isFieldValue } from './field-syntax.ts';
import type { HeaderBlock } from './header-block.ts';

const STATUS = /^[1-5][0-9]{2}$/;
const SWITCHING_PROTOCOLS = 101;

const BAD_STATUS = new Refusal(502, 'upstream :status is missing, repeated or not a status');
const BAD_PSEUDO = new Refusal(502, 'upstream pseudo field is unknown or late');
const BAD_NAME = new Refusal(502, 'upstream field name is not a lower-case token');
const BAD_VALUE = new Refusal(502, 'upstream field value holds a byte not allowed');
const CONNECTION_FIELD = new Refusal(502, 'upstream sent a field of HTTP/1.1 connections');
const BAD_LENGTH = new Refusal(502, 'upstream Content-Length is repeated or no number in range');
const LENGTH_WITHOUT_BODY = new Refusal(502, 'upstream announced a body and sent none');
const SWITCHED = new Refusal(502, 'upstream switched protocols in HTTP/2');
const TOO_LARGE = new Refusal(502, `upstream: ${REFUSED.headTooLarge.reason}`, undefined, 'head');
const TOO_MANY = new Refusal(502, `upstream: ${REFUSED.tooManyFields.reason}`, undefined, 'fields');
const TRAILERS_TOO_LARGE = new Refusal(502, 'upstream trailers too large', undefined, 'trailers');

/** Reads the head of an answer, interim ones too (RFC 9113 §8.1, §8.3.2). `endStream`: nothing follows. */
export function readResponseHead(
  block: HeaderBlock,
  endStream: boolean,
  method: string,
  maxFields: number,
): AnswerHead | Refusal {
  if (block.isTooLarge) return TOO_LARGE;
  const { parts } = block;
  const [first, statusText = ''] = parts;
  if (first !== ':status' || !STATUS.test(statusText)) return BAD_STATUS;
  const status = Number(statusText);
  if (status === SWITCHING_PROTOCOLS) return SWITCHED;
  if (parts.length / 2 - 1 > maxFields) return TOO_MANY;
  const fields = new FieldList();
  const contentLength = readFields(parts, 2, fields);
  if (contentLength instanceof Refusal) return contentLength;
  const hasNoBody = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  if (endStream && !hasNoBody && (contentLength ?? 0) > 0) return LENGTH_WITHOUT_BODY;
  const unknownLength = endStream ? 0 : CHUNKED;
  const declaresLength = hasNoBody && status >= 200 && status !== 204;
  return {
    status,
    // HTTP/2 has none; the usual one lets an HTTP/1.1 head be made the fast way.
    reason: status === 200 ? 'OK' : '',
    fields,
    body: hasNoBody ? NO_BODY : (contentLength ?? unknownLength),
    declaredLength: declaresLength ? contentLength : undefined,
  };
}

/** Reads trailers; those that must not come late are dropped (RFC 9110 §6.5.1). */
export function readTrailers(block: HeaderBlock, maxFields: number): FieldList | Refusal {
  if (block.isTooLarge || block.parts.length / 2 > maxFields) return TRAILERS_TOO_LARGE;
  const fields = new FieldList();
  const refusal = readFields(block.parts, 0, fields);
  if (refusal instanceof Refusal) return refusal;
  fields.remove((_name, kind) => isProtected(kind));
  return fields;
}

/** Adds the end-to-end fields from position `from` of `parts` on to `fields`. The content length, if there is one. */
function readFields(
  parts: readonly string[],
  from: number,
  fields: FieldList,
): number | undefined | Refusal {
  let contentLength: number | undefined;
  for (let at = from; at < parts.length; at += 2) {
    const name = parts[at] ?? '';
    const value = parts[at + 1] ?? '';
    if (name.startsWith(':')) return name === ':status' ? BAD_STATUS : BAD_PSEUDO;
    if (!isFieldName(name)) return BAD_NAME;
    if (!isFieldValue(value)) return BAD_VALUE;
    const kind = fieldKindOf(name);
    if (!isHopByHop(kind)) {
      fields.push(name, value, kind);
    } else if (kind === FieldKind.ContentLength) {
      const length = parseContentLength(value);
      if (length === undefined || contentLength !== undefined) return BAD_LENGTH;
      contentLength = length;
    } else if (isConnectionField(kind)) {
      return CONNECTION_FIELD;
    }
  }
  return contentLength;
}
