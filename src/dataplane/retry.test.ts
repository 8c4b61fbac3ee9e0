import assert from 'node:assert/strict';
import test from 'node:test';
import { mayRepeat, type FailedAttempt } from './retry.ts';
import { upstreamFailures } from './upstream-failures.ts';

const { refused, connectTimeout, closed, readTimeout, tooManyInterim } = upstreamFailures;
const FIRST: FailedAttempt = {
  failure: closed,
  isStale: false,
  method: 'GET',
  attempts: 1,
  policy: { attempts: 3, onError: true, onTimeout: true },
};

const cases: readonly { name: string; given: Partial<FailedAttempt>; want: boolean }[] = [
  { name: 'GET, closed', given: {}, want: true },
  { name: 'the last attempt', given: { attempts: 3 }, want: false },
  { name: 'POST, closed', given: { method: 'POST' }, want: false },
  { name: 'POST, refused', given: { method: 'POST', failure: refused }, want: true },
  { name: 'POST, connect timeout', given: { method: 'POST', failure: connectTimeout }, want: true },
  { name: 'an unknown method, closed', given: { method: 'BREW' }, want: false },
  { name: 'methods are case-sensitive', given: { method: 'get' }, want: false },
  { name: 'GET, read timeout', given: { failure: readTimeout }, want: true },
  { name: 'an answer that nobody can use', given: { failure: tooManyInterim }, want: false },
  {
    name: 'errors off',
    given: { policy: { attempts: 3, onError: false, onTimeout: true } },
    want: false,
  },
  {
    name: 'timeouts off',
    given: {
      failure: readTimeout,
      policy: { attempts: 3, onError: true, onTimeout: false },
    },
    want: false,
  },
  {
    name: 'a stale connection, attempts used up',
    given: { isStale: true, attempts: 3 },
    want: true,
  },
  { name: 'a stale connection, POST', given: { isStale: true, method: 'POST' }, want: false },
];

for (const { name, given, want } of cases) {
  test(`repeat: ${name}`, () => {
    assert.equal(mayRepeat({ ...FIRST, ...given }), want);
  });
}
