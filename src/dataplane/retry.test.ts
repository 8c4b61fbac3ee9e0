import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultRetry } from '../../test/blackbox/harness/default-settings.ts';
import type { RetryPolicy } from '../model/config.ts';
import { mayRepeat, type FailedAttempt } from './retry.ts';

const FIRST: FailedAttempt = {
  cause: 'error',
  beforeRequest: false,
  isStale: false,
  method: 'GET',
  attempts: 1,
  elapsedMs: 0,
};

interface Case {
  readonly name: string;
  readonly given?: Partial<FailedAttempt>;
  readonly policy?: Partial<RetryPolicy>;
  readonly want: boolean;
}

const cases: readonly Case[] = [
  { name: 'GET, closed', want: true },
  { name: 'the last attempt', given: { attempts: 3 }, want: false },
  { name: 'POST, closed', given: { method: 'POST' }, want: false },
  {
    name: 'POST, closed, where that may be repeated',
    given: { method: 'POST' },
    policy: { nonIdempotent: true },
    want: true,
  },
  { name: 'POST, refused', given: { method: 'POST', beforeRequest: true }, want: true },
  {
    name: 'POST, connect timeout',
    given: { method: 'POST', beforeRequest: true, cause: 'timeout' },
    want: true,
  },
  { name: 'an unknown method, closed', given: { method: 'BREW' }, want: false },
  { name: 'methods are case-sensitive', given: { method: 'get' }, want: false },
  { name: 'GET, read timeout', given: { cause: 'timeout' }, want: true },
  { name: 'an answer that nobody can use', given: { cause: 'no' }, want: false },
  { name: 'a bad head', given: { cause: 'invalid-head' }, want: false },
  {
    name: 'a bad head, where that is a condition',
    given: { cause: 'invalid-head' },
    policy: { onInvalidHead: true },
    want: true,
  },
  { name: 'a status', given: { cause: 502 }, want: false },
  {
    name: 'a status that is a condition',
    given: { cause: 502 },
    policy: { onStatuses: [502] },
    want: true,
  },
  {
    name: 'a status that is a condition, POST',
    given: { cause: 502, method: 'POST' },
    policy: { onStatuses: [502] },
    want: false,
  },
  {
    name: 'another status than the condition',
    given: { cause: 503 },
    policy: { onStatuses: [502] },
    want: false,
  },
  { name: 'errors off', policy: { onError: false }, want: false },
  {
    name: 'timeouts off',
    given: { cause: 'timeout' },
    policy: { onTimeout: false },
    want: false,
  },
  { name: 'in time', given: { elapsedMs: 999 }, policy: { withinMs: 1_000 }, want: true },
  { name: 'too late', given: { elapsedMs: 1_000 }, policy: { withinMs: 1_000 }, want: false },
  {
    name: 'a stale connection, attempts used up',
    given: { isStale: true, attempts: 3 },
    want: true,
  },
  { name: 'a stale connection, POST', given: { isStale: true, method: 'POST' }, want: false },
];

for (const { name, given, policy, want } of cases) {
  test(`repeat: ${name}`, () => {
    assert.equal(mayRepeat({ ...FIRST, ...given }, { ...defaultRetry, ...policy }), want);
  });
}
