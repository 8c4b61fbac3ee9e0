import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

test('rewrite-target: the path of the rule is the pattern', () => {
  const { route } = applyAnnotations({ 'rewrite-target': '/$2' }, { path: '/api(/|$)(.*)' });
  assert.deepEqual(route.filters, [
    { kind: 'rewrite-path', pattern: '/api(/|$)(.*)', replacement: '/$2' },
  ]);
  assert.equal(route.isPattern, true);
});

test('rewrite-target: a slash is put in front where it is missing', () => {
  const { route } = applyAnnotations({ 'rewrite-target': '$1' }, { path: '/(.*)' });
  assert.deepEqual(route.filters, [{ kind: 'rewrite-path', pattern: '/(.*)', replacement: '/$1' }]);
});

test('rewrite-target: the very path of the rule is no rewrite, and no pattern', () => {
  const { route } = applyAnnotations({ 'rewrite-target': '/app' }, { path: '/app' });
  assert.deepEqual([route.filters, route.isPattern], [[], false]);
});

test('use-regex: makes the path a pattern, and "false" does not', () => {
  assert.equal(applyAnnotations({ 'use-regex': 'true' }).route.isPattern, true);
  assert.equal(applyAnnotations({ 'use-regex': 'false' }).route.isPattern, false);
  const { route, findings } = applyAnnotations({ 'use-regex': 'yes' });
  assert.equal(route.isPattern, false);
  assert.deepEqual(findings, ['annotation-invalid use-regex']);
});

for (const target of ['/a?b=c', '/a b', '/a#b', '/a%2e', '/a\n/b', '/a;b']) {
  test(`rewrite-target: ${JSON.stringify(target)} is none`, () => {
    const { route, findings } = applyAnnotations({ 'rewrite-target': target }, { path: '/x' });
    assert.deepEqual([route.filters, route.isPattern], [[], false]);
    assert.deepEqual(findings, ['annotation-invalid rewrite-target']);
  });
}
