import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import type { FilterContext } from '../filter.ts';
import { normaliseTarget } from '../normalise-path.ts';
import { createFilter } from './index.ts';

function redirected(
  location: string,
  target: string,
  changes: Partial<FilterContext> = {},
): string | number | undefined {
  const filter = createFilter({ kind: 'redirect', status: 301, location });
  const normal = normaliseTarget(target);
  const answer = filter.onRequest(sampleContext(target, { ...normal, ...changes }));
  return answer?.location ?? answer?.status;
}

for (const [location, target, want] of [
  ['https://new.test/x', '/a?b', 'https://new.test/x'],
  ['https://new.test', '/a?b', 'https://new.test'],
  ['/new', '/a?b', 'http://shop.example.com/new'],
  ['new', '/a', 'http://shop.example.com/new'],
  ['//evil.test/x', '/', 'http://shop.example.com//evil.test/x'],
  ['javascript:alert(1)', '/', 'http://shop.example.com/javascript:alert(1)'],
  ['https://new.test$request_uri', '/a?b=c', 'https://new.test/a?b=c'],
  ['https://new.test$request_uri', '//evil.test', 'https://new.test//evil.test'],
  ['https://new.test$request_uri', '*', 'https://new.test/'],
  ['$uri', '*', 'http://shop.example.com/'],
  ['https://new.test$uri', '/a//b%20c%0d%0a?d', 'https://new.test/a/b%20c%0D%0A'],
  ['https://new.test/?$args', '/a?b=c', 'https://new.test/?b=c'],
  ['https://new.test/?$args', '/a', 'https://new.test/?'],
  ['$scheme://$host/x', '/a', 'http://shop.example.com/x'],
  ['${scheme}://www.${host}${request_uri}', '/a', 'http://www.shop.example.com/a'],
  ['https://new.test/$hostname/$uris/$1/$', '/', 'https://new.test/$hostname/$uris/$1/$'],
  ['$request_uri', '//evil.test/x', 'http://shop.example.com//evil.test/x'],
  // What the client writes never gets into the authority.
  ['https://new.test$args', '/?.evil.test', 'https://new.test/.evil.test'],
  ['https://new.test$args', '/?@evil.test', 'https://new.test/@evil.test'],
  ['https://$args', '/?evil.test', 'http://shop.example.com/https://evil.test'],
  ['https:/$uri', '/evil.test', 'http://shop.example.com/https://evil.test'],
  ['$scheme:/$request_uri', '/evil.test', 'http://shop.example.com/http://evil.test'],
  ['https://new.test:$args', '/?80@evil.test', 'https://new.test:/80@evil.test'],
  ['$args', '/?https://evil.test', 'http://shop.example.com/https://evil.test'],
  ['https://new.test/é x', '/', 'https://new.test/%C3%A9%20x'],
  ['https://new.test$request_uri', '/\xe9\r\nX: y', 'https://new.test/%E9%0D%0AX:%20y'],
] as const) {
  test(`redirect: ${location} for ${JSON.stringify(target)}`, () => {
    assert.equal(redirected(location, target), want);
  });
}

test('redirect: without a host only an absolute location works', () => {
  const nameless = { host: '', authority: '' };
  assert.equal(redirected('/new', '/', nameless), 400);
  assert.equal(redirected('https://$host/', '/', nameless), 400);
  assert.equal(redirected('https://new.test/', '/', nameless), 'https://new.test/');
});

test('redirect: the status is the config’s, and no endpoint is needed', () => {
  const filter = createFilter({ kind: 'redirect', status: 307, location: 'https://new.test/' });
  assert.equal(filter.phase, 'early');
  assert.equal(filter.onRequest(sampleContext('/'))?.status, 307);
});

test('redirect: no target can break the field or get into the authority', () => {
  const piece = fc.constantFrom(
    ...['${request_uri}', '${uri}', '${args}', '${host}', '${scheme}'],
    ...[':', '/', '?', 'https://new.test'],
  );
  const locations = fc.array(piece, { minLength: 1, maxLength: 5 }).map((list) => list.join(''));
  const text = fc.constantFrom(
    ...['/', '//', '\\', '@', ':', '?', '.', '%0a', '\r\n', '\0', 'evil.test', 'https:'],
  );
  const targets = fc.array(text).map((list) => `/${list.join('')}`);
  const property = fc.property(locations, targets, (location, target) => {
    fc.pre(normaliseTarget(target) !== undefined);
    const got = String(redirected(location, target));
    assert.match(got, /^[\x21-\x7e]+$/);
    const authority = /^[a-z.]+:\/\/([^/?#]*)/.exec(got)?.[1] ?? '';
    assert.match(authority, /^(new\.test|shop\.example\.com|https?|:)+$/);
  });
  fc.assert(property, { numRuns: 5000 });
});
