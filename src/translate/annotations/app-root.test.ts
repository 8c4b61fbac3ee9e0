import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

test('app-root: acts on the host', () => {
  const { host, route } = applyAnnotations({ 'app-root': '/app/' });
  assert.deepEqual(host.filters, [{ kind: 'app-root', path: '/app/' }]);
  assert.deepEqual(route.filters, []);
});

for (const path of [
  '/',
  '//evil.example',
  'https://evil.example',
  'app',
  '/a?b',
  '/a b',
  '/a\r\nx: y',
  '/a"',
]) {
  test(`app-root: ${JSON.stringify(path)} is none`, () => {
    const { host, findings } = applyAnnotations({ 'app-root': path });
    assert.deepEqual(host.filters, []);
    assert.deepEqual(findings, ['annotation-invalid app-root']);
  });
}
