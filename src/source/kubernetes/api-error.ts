import type { MissingRight } from '../../model/finding.ts';
import { isJsonObject } from './prune.ts';

/** The API server refused: a status of its own, as an HTTP answer or as an ERROR event within a watch. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** What its `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Of a 403: what it does not allow, as far as its message says so. */
  readonly right: MissingRight | undefined;

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message === '' ? `HTTP ${status}` : `HTTP ${status}: ${printable(message)}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.right = status === 403 ? readRight(message) : undefined;
  }
}

/** What every authorizer's refusal says: `User "x" cannot get resource "pods/log" in API group "" in the namespace "y"`. */
function readRight(message: string): MissingRight | undefined {
  const said = /cannot (\w+) resource "([\w-]+)((?:\/[\w-]+)?)" in API group "([\w.-]*)"/.exec(
    message,
  );
  if (said === null) return undefined;
  const [, verb = '', resource = '', subresource = '', group = ''] = said;
  return { verb, resource: `${resource}${group === '' ? '' : `.${group}`}${subresource}` };
}

/** What a `Status` of meta/v1 says, which is the body of most error answers and the object of an ERROR event. */
export function readStatus(value: unknown): { code: number | undefined; message: string } {
  const { code, message } = isJsonObject(value) ? value : {};
  return {
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
}

/** Nobody answered, or the connection broke. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(cause: unknown) {
    super(describeError(cause), { cause });
  }
}

/** No byte came for too long. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

/** What came is not what an API server sends. Its text holds nothing of what came: that may be a Secret. */
export class GarbageError extends Error {
  override readonly name = 'GarbageError';
}

const COMMON_CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name lookup failed',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  ERR_STREAM_PREMATURE_CLOSE: 'connection lost',
};

/** One short line for people. */
export function describeError(error: unknown): string {
  // Several addresses were tried, and each failed.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return describeError(error.errors[0]);
  }
  if (!(error instanceof Error)) return printable(String(error));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return COMMON_CODES[code] ?? printable(error.message === '' ? error.name : error.message);
}

function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, 300);
}
