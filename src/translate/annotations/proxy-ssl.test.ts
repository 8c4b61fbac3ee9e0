import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';
import type { EndpointTls } from '../endpoint-tls.ts';
import { proxySsl } from './proxy-ssl.ts';

const endpointTls: EndpointTls = {
  secret: 'shop/endpoints',
  ca: 'ca',
  certificate: undefined,
  digest: '00',
  verifies: true,
  depth: 1,
  name: undefined,
  sendsName: false,
  versions: { min: 'TLSv1.2', max: 'TLSv1.3' },
  ciphers: undefined,
};

for (const [protocol, isUsed] of [
  ['HTTP', false],
  ['HTTPS', true],
  ['GRPC', false],
  ['GRPCS', true],
] as const) {
  test(`proxy-ssl: with ${protocol} it is ${isUsed ? '' : 'not '}used`, () => {
    const { route } = applyAnnotations({ 'backend-protocol': protocol }, { endpointTls });
    assert.equal(route.tls, isUsed ? endpointTls : undefined);
  });
}

for (const kind of ['rule', 'catch-all', 'implicit-root'] as const) {
  test(`proxy-ssl: a problem closes the route of the kind ${kind}`, () => {
    const problem = { problem: 'It is missing', annotation: 'proxy-ssl-secret' };
    const { route } = applyAnnotations({}, { kind, endpointTls: problem });
    assert.deepEqual(route.filters, [{ kind: 'deny', status: 503 }]);
  });
}

const specs = new Map(Object.entries(proxySsl.annotations));

for (const { name, text, want } of [
  { name: 'proxy-ssl-secret', text: 'shop/endpoints', want: 'shop/endpoints' },
  { name: 'proxy-ssl-secret', text: 'shop/a;b', want: undefined },
  { name: 'proxy-ssl-verify', text: 'on', want: 'on' },
  { name: 'proxy-ssl-verify', text: 'ON', want: 'on' },
  { name: 'proxy-ssl-verify', text: 'yes', want: undefined },
  { name: 'proxy-ssl-verify-depth', text: '2', want: 2 },
  { name: 'proxy-ssl-verify-depth', text: '-1', want: undefined },
  { name: 'proxy-ssl-name', text: 'web.shop.svc', want: 'web.shop.svc' },
  { name: 'proxy-ssl-name', text: '2001:db8::1', want: '2001:db8::1' },
  { name: 'proxy-ssl-name', text: 'web shop', want: undefined },
  { name: 'proxy-ssl-name', text: 'web\nshop', want: undefined },
  { name: 'proxy-ssl-name', text: '$host', want: undefined },
  { name: 'proxy-ssl-name', text: 'a'.repeat(256), want: undefined },
  {
    name: 'proxy-ssl-protocols',
    text: 'TLSv1.3  TLSv1.2',
    want: { min: 'TLSv1.2', max: 'TLSv1.3' },
  },
  { name: 'proxy-ssl-protocols', text: 'TLSv1.2', want: { min: 'TLSv1.2', max: 'TLSv1.2' } },
  { name: 'proxy-ssl-protocols', text: 'SSLv3', want: undefined },
  { name: 'proxy-ssl-ciphers', text: 'DEFAULT', want: 'DEFAULT' },
  { name: 'proxy-ssl-ciphers', text: 'HIGH:!aNULL', want: 'HIGH:!aNULL' },
  { name: 'proxy-ssl-ciphers', text: 'ROT13', want: undefined },
  { name: 'proxy-ssl-ciphers', text: 'HIGH\nssl_verify off', want: undefined },
  { name: 'proxy-ssl-ciphers', text: 'DEFAULT@SECLEVEL=0', want: undefined },
]) {
  test(`${name}: ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.deepEqual(specs.get(name)?.value.parse(text), want);
  });
}
