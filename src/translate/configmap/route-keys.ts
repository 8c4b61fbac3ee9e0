import type { RetryPolicy, RouteBuffering } from '../../model/config.ts';
import { algorithm } from '../balancing.ts';
import {
  boolean,
  integer,
  oneOf,
  seconds,
  size,
  sizeLimit,
  type ValueParser,
} from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

const CONDITIONS = new Set([
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
  'off',
]);

/** Conditions under which an exchange goes to another endpoint. */
export function retryConditions(): ValueParser<readonly string[]> {
  return {
    syntax: 'conditions between spaces, such as `error timeout`, or `off`',
    parse: (text) => {
      const names = text.split(/\s+/);
      return names.every((name) => CONDITIONS.has(name)) ? names : undefined;
    },
  };
}

/** Attempts in all where `proxy-next-upstream-tries` sets no limit: enough to meet every endpoint of most Services. */
const UNLIMITED_ATTEMPTS = 16;

export const routeKeys = defineKeys({
  'load-balance': {
    value: algorithm(),
    default: 'round_robin',
    doc: 'How endpoints are chosen (docs/balancing.md).',
  },
  'service-upstream': {
    value: boolean(),
    default: 'false',
    doc: 'Services are reached by their cluster IP, as the annotation of that name says, unless an annotation says otherwise.',
  },
  'proxy-connect-timeout': {
    value: seconds(),
    default: '5',
    doc: 'Longest wait for a connection to an endpoint.',
  },
  'proxy-send-timeout': {
    value: seconds(),
    default: '60',
    doc: 'Longest silence while a request is sent to an endpoint.',
  },
  'proxy-read-timeout': {
    value: seconds(),
    default: '60',
    doc: "Longest silence within an endpoint's answer, and of a WebSocket.",
  },
  'proxy-body-size': {
    value: sizeLimit(),
    default: '1m',
    doc: 'Longest request body; more is answered 413.',
  },
  'proxy-next-upstream': {
    value: retryConditions(),
    default: 'error timeout',
    doc: 'Conditions for another attempt, on another endpoint where there is one.',
  },
  'proxy-next-upstream-tries': {
    value: integer(0, 1_000),
    default: '3',
    doc: `Attempts in all; \`0\` means ${UNLIMITED_ATTEMPTS}.`,
  },
  'proxy-next-upstream-timeout': {
    value: seconds(0),
    default: '0',
    doc: 'How long after the first attempt others may begin; `0`: no limit.',
  },
  'retry-non-idempotent': {
    value: boolean(),
    default: 'false',
    doc: 'Adds `non_idempotent` to every `proxy-next-upstream`.',
  },
  'proxy-request-buffering': {
    value: oneOf('on', 'off'),
    default: 'on',
    doc: 'Request bodies stream in any case; `off`: none is kept so that it could be sent again.',
  },
  'client-body-buffer-size': {
    value: size(),
    default: '8k',
    doc: 'How much of a request body is kept so that it can be sent again: 64 KiB at least, 128 KiB at most.',
  },
  'proxy-buffering': {
    value: oneOf('on', 'off'),
    default: 'off',
    doc: 'Answers stream in any case; `on`: 128 KiB are read ahead of a slow client.',
  },
});

export type RouteValues = KeyValues<typeof routeKeys>;

type RetryValues = Pick<
  RouteValues,
  | 'proxy-next-upstream'
  | 'proxy-next-upstream-tries'
  | 'proxy-next-upstream-timeout'
  | 'retry-non-idempotent'
>;

export function retryPolicy(values: RetryValues): RetryPolicy {
  const conditions = values['proxy-next-upstream'];
  if (conditions.includes('off')) return NEVER;
  const policy = {
    onError: conditions.includes('error'),
    onTimeout: conditions.includes('timeout'),
    onInvalidHead: conditions.includes('invalid_header'),
    onStatuses: [...new Set(conditions)]
      .filter((name) => name.startsWith('http_'))
      .map((name) => Number(name.slice('http_'.length))),
  };
  const { onError, onTimeout, onInvalidHead, onStatuses } = policy;
  if (!onError && !onTimeout && !onInvalidHead && onStatuses.length === 0) return NEVER;
  const tries = values['proxy-next-upstream-tries'];
  const withinMs = values['proxy-next-upstream-timeout'];
  return {
    attempts: tries === 0 ? UNLIMITED_ATTEMPTS : tries,
    ...policy,
    nonIdempotent: values['retry-non-idempotent'] || conditions.includes('non_idempotent'),
    withinMs: withinMs === 0 ? 'none' : withinMs,
  };
}

const NEVER: RetryPolicy = {
  attempts: 1,
  onError: false,
  onTimeout: false,
  onInvalidHead: false,
  onStatuses: [],
  nonIdempotent: false,
  withinMs: 'none',
};

/** Together with what is on its way upstream: no more than 256 KiB a stream (security.md §4). */
const LEAST_REPEAT_BYTES = 65_536;
const MOST_REPEAT_BYTES = 131_072;
const READ_AHEAD_BYTES = 131_072;

type BufferingValues = Pick<
  RouteValues,
  'proxy-request-buffering' | 'client-body-buffer-size' | 'proxy-buffering'
>;

export function routeBuffering(values: BufferingValues): RouteBuffering {
  const wanted = values['client-body-buffer-size'];
  const repeatBytes = Math.min(Math.max(wanted, LEAST_REPEAT_BYTES), MOST_REPEAT_BYTES);
  return {
    repeatBytes: values['proxy-request-buffering'] === 'off' ? 'none' : repeatBytes,
    readAheadBytes: values['proxy-buffering'] === 'on' ? READ_AHEAD_BYTES : 'none',
  };
}
