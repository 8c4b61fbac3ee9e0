import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

test('server-alias: names in lower case, each once, wildcards too', () => {
  const { host, findings } = applyAnnotations({
    'server-alias': 'WWW.example.com, *.a.example ,, www.example.com',
  });
  assert.deepEqual(host.aliases, ['www.example.com', '*.a.example']);
  assert.deepEqual(findings, []);
});

test('server-alias: regular expressions are left out, with a word', () => {
  const { host, findings, standing } = applyAnnotations({ 'server-alias': '~^w+,www.example.com' });
  assert.deepEqual(host.aliases, ['www.example.com']);
  assert.deepEqual(findings, ['annotation-unsupported server-alias']);
  assert.equal(standing, 'served');
});

for (const alias of [
  'a b',
  'http://a.example',
  'a.example:80',
  'a.*.example',
  '10.0.0.1',
  'a..example',
]) {
  test(`server-alias: ${JSON.stringify(alias)} drops the Ingress`, () => {
    assert.equal(applyAnnotations({ 'server-alias': alias }).standing, 'left-out');
  });
}
