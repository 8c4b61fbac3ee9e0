import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { sampleCluster, sampleHost, sampleRoute } from '../../test/unit/sample-config.ts';
import type { ProxyConfig } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { printStatus } from './print.ts';
import { isAsBadAs, reportStatus, selectStatus } from './status-report.ts';

const action = { kind: 'forward', cluster: 'web' } as const;

/** An Ingress for each, all of them served. */
function configWith(...ingresses: readonly string[]): ProxyConfig {
  const hosts = ingresses.map((key) => {
    const [namespace = '', ingress = ''] = key.split('/');
    const labels = { namespace, ingress, service: 'web', servicePort: '80', path: '/' };
    const route = sampleRoute({ kind: 'prefix', path: '/' }, { action, labels });
    return sampleHost({ name: `${ingress}.${namespace}.test`, routes: [route] });
  });
  return {
    settings: defaultSettings,
    virtualHosts: new Map(hosts.map((host) => [host.name, host])),
    clusters: new Map([['web', sampleCluster('web')]]),
    endpointSets: new Map([['web', { id: 'web', endpoints: [{ address: '10.0.0.1', port: 80 }] }]]),
    certificates: new Map(),
  };
}

const finding = (code: Finding['code'], object: string): Finding => ({
  code,
  object,
  field: 'spec',
  message: 'Mend it.',
});

const config = configWith('blog/web', 'shop/api', 'shop/web');
const findings = [
  finding('certificate-expired', 'Secret blog/tls'),
  finding('certificate-expired', 'Secret shop/tls'),
  finding('configmap-key-unknown', 'ConfigMap ingress/settings'),
  finding('guard-not-honoured', 'ConfigMap ingress/settings'),
  finding('annotation-ignored', 'Ingress shop/api'),
  finding('annotation-invalid', 'Ingress shop/web'),
  finding('service-missing', 'Service ingress/default'),
];
const report = reportStatus(config, findings);
const all = { namespaces: [], names: [] };

test('what is of no Ingress stands at the top, worst first, and each finding says its effect', () => {
  assert.deepEqual(
    report.everything.map(({ effect, object }) => `${effect} ${object}`),
    [
      'closed ConfigMap ingress/settings',
      'closed Service ingress/default',
      'partial ConfigMap ingress/settings',
    ],
  );
  assert.deepEqual(
    report.others.map(({ effect, object }) => `${effect} ${object}`),
    ['notice Secret blog/tls', 'notice Secret shop/tls'],
  );
  assert.deepEqual(report.totals, {
    ingresses: { closed: 0, partial: 1, served: 2 },
    findings: { closed: 2, partial: 2, notice: 3 },
  });
});

for (const { name, selection, ingresses, others } of [
  { name: 'nothing', selection: all, ingresses: 3, others: 2 },
  { name: 'a namespace', selection: { ...all, namespaces: ['shop'] }, ingresses: 2, others: 1 },
  { name: 'a name', selection: { ...all, names: ['blog/web'] }, ingresses: 1, others: 1 },
  { name: 'nobody', selection: { ...all, names: ['blog/nobody'] }, ingresses: 0, others: 1 },
]) {
  test(`asked for ${name}, the report has that and what holds for everything`, () => {
    const selected = selectStatus(report, selection);
    assert.equal(selected.ingresses.length, ingresses);
    assert.equal(selected.others.length, others);
    assert.deepEqual(selected.everything, report.everything);
    const { closed, partial, served } = selected.totals.ingresses;
    assert.equal(closed + partial + served, ingresses);
  });
}

for (const { name, given, isClosed, isPartial } of [
  { name: 'all well', given: [], isClosed: false, isPartial: false },
  { name: 'a notice', given: [findings[0]], isClosed: false, isPartial: false },
  { name: 'a partial one', given: [findings[5]], isClosed: false, isPartial: true },
  { name: 'a closed one', given: [findings[3]], isClosed: true, isPartial: true },
]) {
  test(`${name} is ${isClosed ? '' : 'not '}closed, ${isPartial ? '' : 'not '}partial`, () => {
    const known = given.filter((one) => one !== undefined);
    const told = reportStatus(config, known);
    assert.deepEqual(
      [isAsBadAs(told, 'closed'), isAsBadAs(told, 'partial')],
      [isClosed, isPartial],
    );
  });
}

test('the text has everything, a table worst first, totals, and what is to be fixed', () => {
  const text = printStatus(report);
  assert.match(text, /^everything:\n {2}closed: ConfigMap ingress\/settings spec \[guard-not-hon/);
  assert.match(text, /^INGRESS +HOSTS +PATHS +STATE +FINDINGS\nshop\/web +\S+ +1 +partial +1$/m);
  assert.match(
    text,
    /^Ingresses: 0 closed, 1 partial, 2 served\. Findings: 2 closed, 2 partial, 3 n/m,
  );
  assert.match(text, /partial: Ingress shop\/web spec \[annotation-invalid\]\n +Mend it\./);
  assert.match(printStatus(reportStatus(configWith(), [])), /^No Ingress is served\.$/m);
});
