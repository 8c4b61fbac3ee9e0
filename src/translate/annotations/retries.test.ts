import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';
import { defaultRetry } from '../../../test/blackbox/harness/default-settings.ts';

const never = { ...defaultRetry, attempts: 1, onError: false, onTimeout: false };

for (const { name, given, configMap = {}, want } of [
  { name: 'by default three attempts', given: {}, want: defaultRetry },
  { name: 'off is one', given: { 'proxy-next-upstream': 'off' }, want: never },
  { name: 'off beside others is off', given: { 'proxy-next-upstream': 'error off' }, want: never },
  {
    name: 'one condition',
    given: { 'proxy-next-upstream': 'timeout', 'proxy-next-upstream-tries': '5' },
    want: { ...defaultRetry, attempts: 5, onError: false },
  },
  {
    name: 'statuses alone',
    given: { 'proxy-next-upstream': 'http_502 http_429 http_502' },
    want: { ...never, attempts: 3, onStatuses: [502, 429] },
  },
  {
    name: 'bad heads and non-idempotent methods',
    given: { 'proxy-next-upstream': 'error timeout invalid_header non_idempotent' },
    want: { ...defaultRetry, onInvalidHead: true, nonIdempotent: true },
  },
  {
    name: 'non-idempotent methods alone are no condition',
    given: { 'proxy-next-upstream': 'non_idempotent' },
    want: never,
  },
  {
    name: 'non-idempotent methods by the ConfigMap',
    given: { 'proxy-next-upstream': 'error timeout' },
    configMap: { 'retry-non-idempotent': 'true' },
    want: { ...defaultRetry, nonIdempotent: true },
  },
  {
    name: '0 is many',
    given: { 'proxy-next-upstream-tries': '0' },
    want: { ...defaultRetry, attempts: 16 },
  },
  {
    name: 'a time',
    given: { 'proxy-next-upstream-timeout': '7' },
    want: { ...defaultRetry, withinMs: 7_000 },
  },
  {
    name: 'no time over the ConfigMap',
    given: { 'proxy-next-upstream-timeout': '0' },
    configMap: { 'proxy-next-upstream-timeout': '9' },
    want: defaultRetry,
  },
  {
    name: 'each falls back to the ConfigMap',
    given: { 'proxy-next-upstream-tries': '2' },
    configMap: { 'proxy-next-upstream': 'error', 'proxy-next-upstream-timeout': '9' },
    want: { ...defaultRetry, attempts: 2, onTimeout: false, withinMs: 9_000 },
  },
  {
    name: 'a bad condition leaves the default',
    given: { 'proxy-next-upstream': 'error, timeout' },
    want: defaultRetry,
  },
]) {
  test(`retries: ${name}`, () => {
    assert.deepEqual(applyAnnotations(given, { configMap }).route.retry, want);
  });
}
