import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

const GLOBAL = { 'whitelist-source-range': '10.0.0.0/8', 'denylist-source-range': '10.9.0.0/16' };

for (const { name, given = {}, configMap = {}, want } of [
  { name: 'nothing said, everybody passes', want: undefined },
  {
    name: 'an allow-list',
    given: { 'allowlist-source-range': '10.0.0.1,2001:DB8::/32' },
    want: { deny: [], allow: ['10.0.0.1', '2001:db8::/32'] },
  },
  {
    name: 'a deny-list alone',
    given: { 'denylist-source-range': '10.0.0.1' },
    want: { deny: ['10.0.0.1'], allow: undefined },
  },
  {
    name: 'the old name',
    given: { 'whitelist-source-range': '10.0.0.1' },
    want: { deny: [], allow: ['10.0.0.1'] },
  },
  {
    name: 'the new name wins',
    given: { 'whitelist-source-range': '0.0.0.0/0', 'allowlist-source-range': '10.0.0.1' },
    want: { deny: [], allow: ['10.0.0.1'] },
  },
  {
    name: 'global lists',
    configMap: GLOBAL,
    want: { deny: ['10.9.0.0/16'], allow: ['10.0.0.0/8'] },
  },
  {
    name: 'an own list takes the place of the global one, and of that alone',
    given: { 'whitelist-source-range': '192.0.2.1' },
    configMap: GLOBAL,
    want: { deny: ['10.9.0.0/16'], allow: ['192.0.2.1'] },
  },
]) {
  test(`ip-access: ${name}`, () => {
    for (const kind of ['rule', 'implicit-root', 'catch-all'] as const) {
      const { route, standing } = applyAnnotations(given, { configMap, kind });
      assert.deepEqual(route.filters, want === undefined ? [] : [{ kind: 'ip-access', ...want }]);
      assert.equal(standing, 'served');
    }
  });
}

for (const list of [
  '10.0.0.0/33',
  '10.0.0.1/8/8',
  '10.0.0',
  '010.0.0.1',
  '10.0.0.1;10.0.0.2',
  '::1%eth0',
  '2001:db8::/129',
  'all',
  ',',
  '10.0.0.1 10.0.0.2',
  '10.0.0.0/-1',
  '10.0.0.0/ 8',
]) {
  for (const name of [
    'allowlist-source-range',
    'whitelist-source-range',
    'denylist-source-range',
  ]) {
    test(`ip-access: ${name} ${JSON.stringify(list)} closes`, () => {
      const { standing, findings } = applyAnnotations({ [name]: list });
      assert.equal(standing, 'closed');
      assert.deepEqual(findings, [`guard-not-honoured ${name}`]);
    });
  }
}

test('ip-access: a broken global list closes what has no list of its own', () => {
  const configMap = { 'whitelist-source-range': 'nobody' };
  const closed = applyAnnotations({}, { configMap });
  assert.deepEqual(closed.route.filters, [{ kind: 'deny', status: 503 }]);
  const own = applyAnnotations({ 'allowlist-source-range': '10.0.0.1' }, { configMap });
  assert.deepEqual(own.route.filters, [{ kind: 'ip-access', deny: [], allow: ['10.0.0.1'] }]);
});
