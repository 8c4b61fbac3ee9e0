import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const { name, given, want } of [
  {
    name: 'permanent is 301',
    given: { 'permanent-redirect': 'https://a.example' },
    want: { status: 301, location: 'https://a.example' },
  },
  {
    name: 'temporal is 302 and wins',
    given: { 'permanent-redirect': '/p', 'temporal-redirect': '/t' },
    want: { status: 302, location: '/t' },
  },
  {
    name: 'variables may stand anywhere after the start',
    given: { 'permanent-redirect': '$scheme://$host/x$request_uri?$args&p=$uri' },
    want: { status: 301, location: '$scheme://$host/x$request_uri?$args&p=$uri' },
  },
  {
    name: 'each has its own status',
    given: {
      'permanent-redirect': '/p',
      'permanent-redirect-code': '308',
      'temporal-redirect-code': '307',
    },
    want: { status: 308, location: '/p' },
  },
  {
    name: 'a status that is no redirect is the usual one',
    given: { 'permanent-redirect': '/p', 'permanent-redirect-code': '200' },
    want: { status: 301, location: '/p' },
  },
]) {
  test(`redirect: ${name}`, () => {
    assert.deepEqual(applyAnnotations(given).route.filters, [{ kind: 'redirect', ...want }]);
  });
}

for (const location of [
  ...[
    '//evil.example',
    'javascript:alert(1)',
    'a.example',
    'ftp://a.example',
    'http://',
    'https:///x',
    '$host/x',
    '$request_uri',
  ],
  ...[
    'https://a.example/$remote_user',
    'https://a.example/$hostname',
    'https://a.example/a b',
    'https://a.example/\nx',
    'https://a.example/"x',
    '/\\evil.example',
  ],
]) {
  test(`redirect: ${JSON.stringify(location)} drops the Ingress`, () => {
    const { standing, findings } = applyAnnotations({ 'permanent-redirect': location });
    assert.equal(standing, 'left-out');
    assert.deepEqual(findings, ['ingress-dropped permanent-redirect']);
  });
}

for (const kind of ['implicit-root', 'catch-all', 'not-found'] as const) {
  test(`redirect: none on a ${kind}`, () => {
    assert.deepEqual(applyAnnotations({ 'permanent-redirect': '/p' }, { kind }).route.filters, []);
  });
}

test('redirect: acts before TLS redirect and access control', () => {
  const given = {
    'permanent-redirect': '/p',
    'force-ssl-redirect': 'true',
    'denylist-source-range': '10.0.0.1',
  };
  const kinds = applyAnnotations(given).route.filters.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['redirect', 'https-redirect', 'ip-access']);
});
