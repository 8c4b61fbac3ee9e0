import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContext } from '../../../test/unit/sample-config.ts';
import { normaliseTarget } from '../normalise-path.ts';
import { createFilter } from './index.ts';

/** What goes upstream, or the status that is answered instead. */
function rewritten(pattern: string, replacement: string, target: string): string | number {
  const filter = createFilter({ kind: 'rewrite-path', pattern, replacement });
  const context = sampleContext(target, normaliseTarget(target));
  return filter.onRequest(context)?.status ?? context.upstreamTarget;
}

for (const { pattern, replacement, requests } of [
  {
    pattern: '/something',
    replacement: '/',
    requests: { '/something': '/', '/something/else?a=b': '/?a=b', '/SomeThing': '/' },
  },
  {
    pattern: '/api(/|$)(.*)',
    replacement: '/$2',
    requests: {
      '/api': '/',
      '/api/': '/',
      '/api?x=/%zz': '/?x=/%zz',
      '/api/v1/users': '/v1/users',
      '/api//v1': '/v1',
      '/api%2Fv1': '/v1',
      '/api/a%20b%3Fc%25': '/a%20b%3Fc%25',
      '/api/caf%C3%A9': '/caf%C3%A9',
      '/api/caf%E9': '/caf%E9',
      '/api/a%0d%0aHost:x': '/a%0D%0AHost:x',
      // Searched, not anchored.
      '/v2/api/x': '/x',
      // No match: as received.
      '/other//%41': '/other//%41',
      '*': '*',
    },
  },
  { pattern: '/a(b)?(c)', replacement: '/$1-$2-$3-$0', requests: { '/ac': '/-c--$0' } },
  { pattern: '/a(.*)', replacement: '$1', requests: { '/ab': '/b', '/a': '/', '/a/b': '/b' } },
  { pattern: '/a/(.*)', replacement: '//$1', requests: { '/a/b': '//b' } },
  // The result is the rule's own text: what was received goes upstream.
  { pattern: '/foo', replacement: '/foo', requests: { '/foo//b%41r': '/foo//b%41r' } },
  // No dot segment reaches the endpoint.
  { pattern: '/v(.*)', replacement: '/app/$1', requests: { '/v../secret': '/secret' } },
  { pattern: '/v(.*)', replacement: '/$1', requests: { '/v../secret': 400, '/v..': 400 } },
  { pattern: '/v(.*)', replacement: '/$1', requests: { '/v./x': '/x', '/v..x': '/..x' } },
] as { pattern: string; replacement: string; requests: Record<string, string | number> }[]) {
  for (const [target, want] of Object.entries(requests)) {
    test(`rewrite-path: ${pattern} to ${replacement}: ${target} becomes ${want}`, () => {
      assert.equal(rewritten(pattern, replacement, target), want);
    });
  }
}

test('rewrite-path: a path too long to be searched in bounded time is a 414', () => {
  assert.equal(rewritten('/(.?){200}z', '/', `/${'a'.repeat(5000)}`), 414);
  assert.equal(rewritten('/(.?){200}z', '/', '/z?q'), '/?q');
});

test('rewrite-path: a pattern that does not compile is refused', () => {
  assert.throws(() => rewritten('/a(?=b)', '/', '/a'), /does not compile/);
});
