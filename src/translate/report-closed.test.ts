import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseDefaults, snapshotOf } from '../../test/golden/load-case.ts';
import { sampleConfigMap, sampleIngress } from '../../test/golden/sample-objects.ts';
import type { Finding } from '../model/finding.ts';
import type { KubernetesObject } from './snapshot.ts';
import { translate } from './translate.ts';

const options = { ...caseDefaults, configMap: 'ingress/settings' };

function told(...objects: readonly KubernetesObject[]): readonly Finding[] {
  const { findings } = translate(snapshotOf(objects), options);
  return findings.filter(({ code }) => code === 'closed-by-settings');
}

const web = sampleIngress({ name: 'web', host: 'web.test' });
const settings = (data: Readonly<Record<string, string>>) => sampleConfigMap(data);

test('an Ingress that the ConfigMap closes says which keys do', () => {
  const [finding, ...more] = told(web, settings({ 'http-snippet': 'x', 'server-snippet': 'y' }));
  assert.equal(finding?.object, 'Ingress shop/web');
  assert.match(finding.message, /^Its paths answer 503, .*ConfigMap ingress\/settings/);
  assert.match(finding.message, /data\[http-snippet\], data\[server-snippet\]/);
  assert.deepEqual(more, []);
});

const exempt = { 'enable-modsecurity': 'false' };
const closed = { 'auth-type': 'basic', 'auth-secret': 'x' };
for (const { name, ingress, data } of [
  { name: 'is open', ingress: web, data: { 'use-gzip': 'true' } },
  {
    name: 'is exempt',
    ingress: sampleIngress({ name: 'web', host: 'web.test', annotations: exempt }),
    data: { 'enable-modsecurity': 'true' },
  },
  {
    name: 'closes its paths itself',
    ingress: sampleIngress({ name: 'web', host: 'web.test', annotations: closed }),
    data: { 'http-snippet': 'x' },
  },
]) {
  test(`an Ingress that ${name} says nothing of the ConfigMap`, () => {
    assert.deepEqual(told(ingress, settings(data)), []);
  });
}

test('of very many the first hundred say so', () => {
  const ingresses = Array.from({ length: 150 }, (_, index) =>
    sampleIngress({ name: `web-${1_000 + index}`, host: `${index}.test` }),
  );
  const objects = told(...ingresses.toReversed(), settings({ 'http-snippet': 'x' }));
  assert.equal(objects.length, 100);
  assert.equal(objects[99]?.object, 'Ingress shop/web-1099');
});
