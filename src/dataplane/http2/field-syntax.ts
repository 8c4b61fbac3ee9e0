import { FieldKind } from '../fields.ts';

/** A token without capitals (RFC 9113 §8.2.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Field content of RFC 9110 §5.5, without blanks around it. */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

export function isFieldName(name: string): boolean {
  return NAME.test(name);
}

export function isFieldValue(value: string): boolean {
  return VALUE.test(value);
}

/** Fields of HTTP/1.1 connections: a message that has one is malformed (RFC 9113 §8.2.2). */
export function isConnectionField(kind: number): boolean {
  switch (kind) {
    case FieldKind.Connection:
    case FieldKind.KeepAlive:
    case FieldKind.ProxyConnection:
    case FieldKind.TransferEncoding:
    case FieldKind.Upgrade:
      return true;
    default:
      return false;
  }
}
