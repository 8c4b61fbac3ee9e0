import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import { createFilter } from './index.ts';

const filter = createFilter({ kind: 'app-root', path: '/start' });
const location = 'http://Shop.example.com:8080/start';

test('app-root: / goes to the start page, and its query is dropped', () => {
  assert.deepEqual(filter.onRequest(sampleContext('/')), { status: 302, location });
  assert.deepEqual(filter.onRequest(sampleContext('/?a=b')), { status: 302, location });
  assert.deepEqual(filter.onRequest(sampleContext('/', { target: '//' })), {
    status: 302,
    location,
  });
});

test('app-root: the scheme is the request’s own', () => {
  const context = sampleContext('/', { scheme: 'https', authority: 'shop.example.com' });
  const secure = 'https://shop.example.com/start';
  assert.deepEqual(filter.onRequest(context), { status: 302, location: secure });
});

test('app-root: every other path passes', () => {
  for (const path of ['/start', '/x', '*']) {
    assert.equal(filter.onRequest(sampleContext(path)), undefined);
  }
});

test('app-root: without a host there is nowhere to send it', () => {
  assert.deepEqual(filter.onRequest(sampleContext('/', { authority: '', host: '' })), {
    status: 400,
  });
});

test('app-root: what a field can not hold is escaped', () => {
  const odd = createFilter({ kind: 'app-root', path: '/é\r\nX: y' });
  assert.deepEqual(odd.onRequest(sampleContext('/')), {
    status: 302,
    location: 'http://Shop.example.com:8080/%C3%A9%0D%0AX:%20y',
  });
});
