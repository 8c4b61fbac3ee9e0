import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

const AUTH = { 'global-auth-url': 'https://auth.example' };
const WAF = { 'enable-modsecurity': 'true' };

for (const { name, given = {}, configMap, path = '/', closed } of [
  { name: 'nothing asked for', configMap: {}, closed: false },
  { name: 'global authentication', configMap: AUTH, closed: true },
  {
    name: 'an Ingress that is exempt',
    given: { 'enable-global-auth': 'false' },
    configMap: AUTH,
    closed: false,
  },
  {
    name: 'an exemption that does not parse',
    given: { 'enable-global-auth': 'no' },
    configMap: AUTH,
    closed: true,
  },
  {
    name: 'a path that is exempt',
    configMap: AUTH,
    path: '/.well-known/acme-challenge/x',
    closed: false,
  },
  {
    name: 'exempt paths of its own',
    configMap: { ...AUTH, 'no-auth-locations': '/public' },
    path: '/.well-known/acme-challenge/x',
    closed: true,
  },
  { name: 'a global firewall', configMap: WAF, closed: true },
  {
    name: 'an Ingress without it',
    given: { 'enable-modsecurity': 'false' },
    configMap: WAF,
    closed: false,
  },
  {
    name: 'a firewall that may have been meant',
    configMap: { 'enable-modsecurity': 'on' },
    closed: true,
  },
  { name: 'a snippet', configMap: { 'location-snippet': 'deny all;' }, closed: true },
  { name: 'a snippet of http', configMap: { 'http-snippet': 'deny all;' }, closed: true },
  { name: 'an empty snippet', configMap: { 'server-snippet': '' }, closed: false },
  {
    name: 'blocked clients that do not parse',
    configMap: { 'block-cidrs': '1.2.3' },
    closed: true,
  },
]) {
  test(`global guards: ${name} ${closed ? 'closes' : 'leaves open'}`, () => {
    const { route } = applyAnnotations(given, { configMap, path });
    const isClosed = route.filters[0]?.kind === 'deny';
    assert.equal(isClosed, closed);
  });
}

test('global guards: the 404 of unknown hosts needs none', () => {
  assert.deepEqual(applyAnnotations({}, { configMap: AUTH, kind: 'not-found' }).route.filters, []);
});
