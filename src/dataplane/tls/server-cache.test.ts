import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { ServerCache } from './server-cache.ts';

const [one, two, three] = [createServer(), createServer(), createServer()];

test('beyond its number the server that was not asked for the longest goes', () => {
  const cache = new ServerCache(2);
  cache.add('one', one, ['a']);
  cache.add('two', two, ['b']);
  assert.equal(cache.get('one'), one);
  cache.add('three', three, ['c']);
  assert.deepEqual(
    ['one', 'two', 'three'].map((key) => cache.get(key)),
    [one, undefined, three],
  );
  assert.equal(cache.size, 2);
});

test('a certificate that changes takes its servers along, and no other', () => {
  const cache = new ServerCache(10);
  cache.add('one', one, ['a']);
  cache.add('both', two, ['a', 'b']);
  cache.add('refused', 'refused', ['b']);
  cache.dropCertificate('a');
  cache.dropCertificate('nobody');
  assert.deepEqual(
    ['one', 'both', 'refused'].map((key) => cache.get(key)),
    [undefined, undefined, 'refused'],
  );
  cache.dropCertificate('b');
  assert.equal(cache.size, 0);
});

test('nothing is left when all is dropped', () => {
  const cache = new ServerCache(10);
  cache.add('one', one, ['a']);
  cache.clear();
  assert.equal(cache.get('one'), undefined);
  assert.equal(cache.size, 0);
});
