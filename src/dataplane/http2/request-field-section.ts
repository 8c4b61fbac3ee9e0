import { FieldKind, FieldList, familyOf, isHopByHop, isProtected, knownKind } from '../fields.ts';
import { isDropped, PLAIN_NAME, REFUSED } from '../http1/field-section.ts';
import type { Refusal } from '../http1/refusal.ts';
import type { HeadLimits } from '../http1/request-head.ts';
import { isConnectionField, isFieldName, isFieldValue } from './field-syntax.ts';
import { MALFORMED, type Malformed } from './malformed.ts';

const COLON = 0x3a;
/** `: ` and CR LF, so that a field counts as much as in HTTP/1.1. */
const LINE_OVERHEAD = 4;

/** RFC 9113 §8.3.1, RFC 8441 §4. */
export class PseudoFields {
  method: string | undefined = undefined;
  scheme: string | undefined = undefined;
  path: string | undefined = undefined;
  authority: string | undefined = undefined;
  protocol: string | undefined = undefined;

  /** False: unknown, or there already. */
  set(name: string, value: string): boolean {
    const key = PSEUDO_NAMES.get(name);
    if (key === undefined || this[key] !== undefined) return false;
    this[key] = value;
    return true;
  }
}

type PseudoName = 'method' | 'scheme' | 'path' | 'authority' | 'protocol';

const PSEUDO_NAMES: ReadonlyMap<string, PseudoName> = new Map(
  (['method', 'scheme', 'path', 'authority', 'protocol'] as const).map((name) => [
    `:${name}`,
    name,
  ]),
);

/** The fields of a request or of its trailers: end-to-end ones in `fields`, and apart from them what decides how it is read. */
export class RequestFields {
  readonly fields = new FieldList();
  host: string | undefined = undefined;
  contentLength: string | undefined = undefined;
  expect: string | undefined = undefined;
  acceptsTrailers = false;
  #cookieAt = -1;
  #cookies: string[] | undefined = undefined;
  #count = 0;

  /** @param pseudo undefined: there may be none. */
  read(
    parts: readonly string[],
    pseudo: PseudoFields | undefined,
    limits: HeadLimits,
  ): Refusal | Malformed | undefined {
    let isPseudoOver = pseudo === undefined;
    for (let index = 0; index < parts.length; index += 2) {
      const name = parts[index] ?? '';
      const value = parts[index + 1] ?? '';
      if (!isFieldValue(value)) return MALFORMED.fieldValue;
      if (name.charCodeAt(0) === COLON) {
        if (isPseudoOver || pseudo?.set(name, value) !== true) return MALFORMED.pseudo;
        continue;
      }
      isPseudoOver = true;
      const fault = this.#readField(name, value, limits);
      if (fault !== undefined) return fault;
    }
    return this.#joinCookies(limits);
  }

  /** What may not come in trailers. */
  dropProtected(): void {
    this.fields.remove((_, kind) => isProtected(kind));
  }

  #readField(name: string, value: string, limits: HeadLimits): Refusal | Malformed | undefined {
    if (!isFieldName(name)) return MALFORMED.fieldName;
    if (name.length + value.length + LINE_OVERHEAD > limits.fieldLineBytes) {
      return REFUSED.fieldTooLarge;
    }
    const known = knownKind(name);
    if (known === FieldKind.Cookie) return this.#takeCookie(name, value, limits);
    if (++this.#count > limits.maxFields) return REFUSED.tooManyFields;
    if (known === undefined && !PLAIN_NAME.test(name)) {
      if (isDropped(name, limits.allowUnderscores ? 'keep-underscores' : 'drop')) return undefined;
    }
    const kind = known ?? familyOf(name);
    if (isHopByHop(kind)) return this.#takeHopByHop(kind, value);
    this.fields.push(name, value, kind);
    return undefined;
  }

  #takeHopByHop(kind: number, value: string): Refusal | Malformed | undefined {
    switch (kind) {
      case FieldKind.Host:
        if (this.host !== undefined) return REFUSED.repeatedHost;
        this.host = value;
        return undefined;
      case FieldKind.ContentLength:
        if (this.contentLength !== undefined) return MALFORMED.length;
        this.contentLength = value;
        return undefined;
      case FieldKind.Te:
        // RFC 9113 §8.2.2: nothing but this.
        if (value.toLowerCase() !== 'trailers') return MALFORMED.connection;
        this.acceptsTrailers = true;
        return undefined;
      case FieldKind.Expect:
        this.expect = this.expect === undefined ? value : `${this.expect}, ${value}`;
        return undefined;
      default:
        return isConnectionField(kind) ? MALFORMED.connection : undefined;
    }
  }

  /** Crumbs are one field (RFC 9113 §8.2.3), and count as one. */
  #takeCookie(name: string, value: string, limits: HeadLimits): Refusal | undefined {
    if (this.#cookieAt >= 0) {
      this.#cookies ??= [this.fields.values[this.#cookieAt] ?? ''];
      this.#cookies.push(value);
      return undefined;
    }
    if (++this.#count > limits.maxFields) return REFUSED.tooManyFields;
    this.#cookieAt = this.fields.length;
    this.fields.push(name, value, FieldKind.Cookie);
    return undefined;
  }

  #joinCookies(limits: HeadLimits): Refusal | undefined {
    if (this.#cookies === undefined) return undefined;
    const joined = this.#cookies.join('; ');
    this.fields.values[this.#cookieAt] = joined;
    const length = 'cookie'.length + joined.length + LINE_OVERHEAD;
    return length > limits.fieldLineBytes ? REFUSED.fieldTooLarge : undefined;
  }
}
