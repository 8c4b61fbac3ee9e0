import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import { createFilter } from './index.ts';

const filter = createFilter({ kind: 'https-redirect', status: 308, keepTrailingSlash: false });
const keeping = createFilter({ kind: 'https-redirect', status: 301, keepTrailingSlash: true });

for (const [target, cut, kept] of [
  ['/', '', '/'],
  ['/foo', '/foo', '/foo'],
  ['/foo/', '/foo', '/foo/'],
  ['/foo/?a=b/', '/foo/?a=b/', '/foo/?a=b/'],
  ['/?', '/?', '/?'],
  ['//evil.test/', '//evil.test', '//evil.test/'],
  ['/%2e%2e/%0d%0aX:y', '/%2e%2e/%0d%0aX:y', '/%2e%2e/%0d%0aX:y'],
  ['/a b\r\nX: y\0\xe9\\', '/a%20b%0D%0AX:%20y%00%E9%5C', '/a%20b%0D%0AX:%20y%00%E9%5C'],
  ['*', '', ''],
] as const) {
  test(`https-redirect: ${JSON.stringify(target)}`, () => {
    const context = sampleContext(target);
    const base = 'https://shop.example.com';
    assert.deepEqual(filter.onRequest(context), { status: 308, location: base + cut });
    assert.deepEqual(keeping.onRequest(context), { status: 301, location: base + kept });
  });
}

test('over TLS a request passes', () => {
  assert.equal(filter.onRequest(sampleContext('/', { scheme: 'https' })), undefined);
});

test('without a host there is nowhere to send it', () => {
  const nameless = sampleContext('/evil.test', { host: '', authority: '' });
  assert.deepEqual(filter.onRequest(nameless), { status: 400 });
});

test('it needs no endpoint', () => {
  assert.equal(filter.phase, 'early');
});
