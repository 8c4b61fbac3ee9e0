import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  issueWebhookCertificate,
  type IssuedCertificate,
} from '../translate/webhook-certificate.ts';
import { nextStep, NO_CERTIFICATE, takeStep, type CertificateState } from './certificate-state.ts';

const DAY_MS = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const overlapMs = 600_000;
const names = ['hook', 'hook.ts-nginx', 'hook.ts-nginx.svc'];

let first: IssuedCertificate;
let second: IssuedCertificate;
let fresh: CertificateState;

before(async () => {
  first = await issueWebhookCertificate(names, start);
  second = await issueWebhookCertificate(names, start + 250 * DAY_MS);
  fresh = takeStep(NO_CERTIFICATE, 'replace', { nowMs: start, issued: first });
});

function stepAt(
  state: CertificateState,
  days: number,
  given: { readonly names?: readonly string[]; readonly trusted?: readonly string[] } = {},
): string | undefined {
  const context = { names, trusted: state.authorities, overlapMs, ...given };
  return nextStep(state, { ...context, nowMs: start + days * DAY_MS });
}

test('nothing there: one is made', () => {
  assert.equal(stepAt(NO_CERTIFICATE, 0), 'replace');
});

for (const { name, change, given = {}, days = 1, want } of [
  { name: 'one in order stays', change: {}, want: undefined },
  { name: 'up to two thirds of its life', change: {}, days: 240, want: undefined },
  { name: 'then its successor is made', change: {}, days: 243, want: 'prepare' },
  { name: 'an expired one is replaced', change: {}, days: 365, want: 'replace' },
  {
    name: 'one for other names is replaced',
    change: {},
    given: { names: ['other.ts-nginx.svc'] },
    want: 'replace',
  },
  { name: 'one that no authority vouches for', change: { authorities: [] }, want: 'replace' },
  {
    name: 'one that is none',
    change: { serving: { certificate: 'x', key: 'y' } },
    want: 'replace',
  },
] as {
  name: string;
  change: Partial<CertificateState>;
  given?: { names?: string[] };
  days?: number;
  want: string | undefined;
}[]) {
  test(`steps: ${name}`, () => {
    assert.equal(stepAt({ ...fresh, ...change }, days, given), want);
  });
}

test('steps: a key that is of another certificate', () => {
  const serving = { certificate: first.certificate, key: second.key };
  assert.equal(stepAt({ ...fresh, serving }, 1), 'replace');
});

test('a rotation trusts the new one before it is served, and the old one until nobody serves it', () => {
  const day = 250;
  const prepared = takeStep(fresh, 'prepare', { nowMs: start + day * DAY_MS, issued: second });
  assert.deepEqual(prepared.authorities, [second.authority, first.authority]);
  assert.deepEqual(prepared.serving, fresh.serving);
  assert.equal(stepAt(prepared, day), undefined, 'not all know yet');
  assert.equal(stepAt(prepared, day + 1, { trusted: [first.authority] }), undefined, 'untrusted');

  assert.equal(stepAt(prepared, day + 1), 'promote');
  const at = { nowMs: start + (day + 1) * DAY_MS, issued: undefined };
  const promoted = takeStep(prepared, 'promote', at);
  assert.equal(promoted.serving?.certificate, second.certificate);
  assert.deepEqual(promoted.authorities, [second.authority, first.authority]);
  assert.equal(stepAt(promoted, day + 1), undefined, 'some may still serve the old one');

  assert.equal(stepAt(promoted, day + 2), 'forget');
  const done = takeStep(promoted, 'forget', at);
  assert.deepEqual(done.authorities, [second.authority]);
  assert.equal(stepAt(done, day + 3), undefined);
});

test('a clock that was ahead stops nothing for long', () => {
  const ahead = { ...fresh, changedAtMs: start + 9_999 * DAY_MS };
  assert.equal(stepAt(ahead, 250), 'prepare');
});
