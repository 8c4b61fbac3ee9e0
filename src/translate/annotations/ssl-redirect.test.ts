import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

const redirect = { kind: 'https-redirect', status: 308, keepTrailingSlash: false };

for (const { name, given = {}, tls = true, configMap = {}, path = '/', kind = 'rule', want } of [
  { name: 'a host with a certificate is redirected', want: redirect },
  { name: 'a host without one is not', tls: false, want: undefined },
  {
    name: 'unless it is forced',
    given: { 'force-ssl-redirect': 'true' },
    tls: false,
    want: redirect,
  },
  { name: 'off is off', given: { 'ssl-redirect': 'false' }, want: undefined },
  {
    name: 'forced wins over off',
    given: { 'ssl-redirect': 'false', 'force-ssl-redirect': 'true' },
    want: redirect,
  },
  { name: 'a bad value counts as absent', given: { 'ssl-redirect': 'off' }, want: redirect },
  {
    name: 'the ConfigMap decides where nothing is said',
    configMap: { 'ssl-redirect': 'false' },
    want: undefined,
  },
  {
    name: 'the annotation wins over the ConfigMap',
    given: { 'ssl-redirect': 'true' },
    configMap: { 'ssl-redirect': 'false' },
    want: redirect,
  },
  {
    name: '"false" wins over a forced ConfigMap',
    given: { 'force-ssl-redirect': 'false' },
    configMap: { 'force-ssl-redirect': 'true' },
    tls: false,
    want: undefined,
  },
  {
    name: 'the slash is kept where asked for',
    given: { 'preserve-trailing-slash': 'true' },
    want: { ...redirect, keepTrailingSlash: true },
  },
  {
    name: 'status of the ConfigMap',
    configMap: { 'http-redirect-code': '302' },
    want: { ...redirect, status: 302 },
  },
  {
    name: 'exempt by the path of the rule',
    path: '/.well-known/acme-challenge/x',
    want: undefined,
  },
  {
    name: 'exempt although forced',
    given: { 'force-ssl-redirect': 'true' },
    path: '/.well-known/acme-challenge/x',
    want: undefined,
  },
  { name: 'the implicit root is redirected', kind: 'implicit-root' as const, want: redirect },
  {
    name: 'a pure catch-all never is',
    kind: 'catch-all' as const,
    given: { 'force-ssl-redirect': 'true' },
    want: undefined,
  },
] as const) {
  test(`ssl-redirect: ${name}`, () => {
    const { route } = applyAnnotations(given, { hostHasCertificate: tls, configMap, path, kind });
    assert.deepEqual(route.filters, want === undefined ? [] : [want]);
  });
}
