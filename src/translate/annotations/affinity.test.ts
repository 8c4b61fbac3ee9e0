import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

const USUAL = {
  name: 'INGRESSCOOKIE',
  path: '/',
  domain: undefined,
  expiresSeconds: undefined,
  maxAgeSeconds: undefined,
  secure: 'tls',
  sameSite: undefined,
  sparesOldClients: false,
};

for (const { name, given, path = '/', want } of [
  { name: 'nothing special', given: {}, want: {} },
  { name: 'the path of the rule', given: {}, path: '/a', want: { path: '/a' } },
  { name: 'a path', given: { 'session-cookie-path': '/b' }, path: '/a', want: { path: '/b' } },
  {
    name: 'a path that ends the attribute',
    given: {},
    path: '/a; Domain=x',
    want: { path: '/a%3B%20Domain=x' },
  },
  {
    name: 'spelling of SameSite',
    given: { 'session-cookie-samesite': 'lax' },
    want: { sameSite: 'Lax' },
  },
  {
    name: 'Secure is no more than the default',
    given: { 'session-cookie-secure': 'false' },
    want: {},
  },
  { name: 'always Secure', given: { 'session-cookie-secure': 'true' }, want: { secure: 'always' } },
  { name: 'no time at all', given: { 'session-cookie-max-age': '0' }, want: { maxAgeSeconds: 0 } },
]) {
  test(`session cookie: ${name}`, () => {
    const { route, findings } = applyAnnotations({ affinity: 'cookie', ...given }, { path });
    assert.deepEqual(route.balancing.session?.cookie, { ...USUAL, ...want });
    assert.deepEqual(findings, []);
  });
}

test('session cookie: none without affinity', () => {
  const { route } = applyAnnotations({ 'session-cookie-name': 'route' });
  assert.equal(route.balancing.session, undefined);
});
