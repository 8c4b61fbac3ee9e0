import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const { name, given, want, findings = [] } of [
  {
    name: 'seconds become milliseconds',
    given: { 'proxy-read-timeout': '7' },
    want: { readMs: 7_000 },
  },
  {
    name: 'each is its own',
    given: { 'proxy-connect-timeout': '1', 'proxy-send-timeout': '2' },
    want: { connectMs: 1_000, sendMs: 2_000 },
  },
  {
    name: 'blanks around do not count',
    given: { 'proxy-read-timeout': ' 7\n' },
    want: { readMs: 7_000 },
  },
  {
    name: 'more than a timer holds is 24 days',
    given: { 'proxy-read-timeout': '31536000' },
    want: { readMs: 2_147_483_000 },
  },
  {
    name: 'a unit is refused, the default stays',
    given: { 'proxy-read-timeout': '5s' },
    want: {},
    findings: ['annotation-invalid proxy-read-timeout'],
  },
  {
    name: 'zero is no time',
    given: { 'proxy-read-timeout': '0' },
    want: {},
    findings: ['annotation-invalid proxy-read-timeout'],
  },
  { name: 'an empty value is none', given: { 'proxy-read-timeout': '' }, want: {} },
]) {
  test(`timeouts: ${name}`, () => {
    const applied = applyAnnotations(given);
    assert.deepEqual(applied.route.timeouts, {
      connectMs: 5_000,
      sendMs: 60_000,
      readMs: 60_000,
      ...want,
    });
    assert.deepEqual(applied.findings, findings);
  });
}

test('timeouts: the implicit root keeps the defaults', () => {
  const { route } = applyAnnotations({ 'proxy-read-timeout': '7' }, { kind: 'implicit-root' });
  assert.equal(route.timeouts.readMs, 60_000);
});
