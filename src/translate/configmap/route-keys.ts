import type { RetryPolicy } from '../../model/config.ts';
import { integer, seconds, sizeLimit, type ValueParser } from '../value-parsers.ts';
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

/** Conditions that are read and not acted upon yet. */
export function unhonouredConditions(conditions: readonly string[]): string[] {
  return conditions.filter((name) => !['error', 'timeout', 'off'].includes(name));
}

/** Attempts in all where `proxy-next-upstream-tries` sets no limit: enough to meet every endpoint of most Services. */
const UNLIMITED_ATTEMPTS = 16;

export const routeKeys = defineKeys({
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
    doc: 'Conditions for another attempt; `error` and `timeout` are acted upon.',
  },
  'proxy-next-upstream-tries': {
    value: integer(0, 1_000),
    default: '3',
    doc: `Attempts in all; \`0\` means ${UNLIMITED_ATTEMPTS}.`,
  },
});

export function retryPolicy(
  values: Pick<KeyValues<typeof routeKeys>, 'proxy-next-upstream' | 'proxy-next-upstream-tries'>,
): RetryPolicy {
  const conditions = values['proxy-next-upstream'];
  const tries = values['proxy-next-upstream-tries'];
  const isOff = conditions.includes('off');
  const onError = !isOff && conditions.includes('error');
  const onTimeout = !isOff && conditions.includes('timeout');
  const attempts = tries === 0 ? UNLIMITED_ATTEMPTS : tries;
  return { attempts: onError || onTimeout ? attempts : 1, onError, onTimeout };
}
