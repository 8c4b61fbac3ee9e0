import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { sampleCluster, sampleHost, sampleRoute } from '../../test/unit/sample-config.ts';
import type { ProxyConfig, RouteLabels } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { listIngresses } from './ingress-list.ts';

const labelsOf = (ingress: string): RouteLabels => ({
  namespace: 'shop',
  ingress,
  service: 'web',
  servicePort: '80',
  path: '/',
});
const forward = { kind: 'forward', cluster: 'web' } as const;
const root = { kind: 'prefix', path: '/' } as const;

const config: ProxyConfig = {
  settings: defaultSettings,
  virtualHosts: new Map(
    [
      sampleHost({
        name: 'a.test',
        routes: [
          sampleRoute(root, { labels: labelsOf('good'), action: forward }),
          sampleRoute({ kind: 'exact', path: '/x' }, { labels: labelsOf('half') }),
          sampleRoute({ kind: 'exact', path: '/y' }, { labels: labelsOf('half'), action: forward }),
        ],
      }),
      sampleHost({
        name: 'b.test',
        routes: [
          sampleRoute(root, {
            labels: labelsOf('shut'),
            action: forward,
            filters: [{ kind: 'deny', status: 503 }],
          }),
          sampleRoute(
            { kind: 'exact', path: '/e' },
            { labels: labelsOf('empty'), action: { kind: 'forward', cluster: 'nobody' } },
          ),
          sampleRoute({ kind: 'exact', path: '/g' }, { labels: labelsOf('good'), action: forward }),
        ],
      }),
      sampleHost({
        name: 'c.test',
        filters: [{ kind: 'deny', status: 403 }],
        routes: [sampleRoute(root, { labels: labelsOf('unverified'), action: forward })],
      }),
    ].map((host) => [host.name, host]),
  ),
  clusters: new Map([
    ['web', sampleCluster('web')],
    ['nobody', sampleCluster('nobody')],
  ]),
  endpointSets: new Map([['web', { id: 'web', endpoints: [{ address: '10.0.0.1', port: 80 }] }]]),
  certificates: new Map(),
};

const finding = (code: Finding['code'], object: string): Finding => ({
  code,
  object,
  field: 'spec',
  message: 'Mend it.',
});

test('each Ingress has the state of its paths and findings', () => {
  const listed = listIngresses(config, [
    finding('certificate-expired', 'Ingress shop/good'),
    finding('ingress-class-unknown', 'Ingress shop/other'),
    finding('configmap-missing', 'ConfigMap shop/settings'),
  ]);
  assert.deepEqual(
    listed.map(({ ingress, hosts, paths, closedPaths, state }) => [
      ingress,
      hosts.join(),
      `${closedPaths}/${paths}`,
      state,
    ]),
    [
      ['shop/empty', 'b.test', '1/1', 'closed'],
      ['shop/other', '', '0/0', 'closed'],
      ['shop/shut', 'b.test', '1/1', 'closed'],
      ['shop/unverified', 'c.test', '1/1', 'closed'],
      ['shop/half', 'a.test', '1/2', 'partial'],
      ['shop/good', 'a.test,b.test', '0/2', 'served'],
    ],
  );
});

test('a setting that is not in effect makes an Ingress partial', () => {
  const listed = listIngresses(config, [finding('annotation-invalid', 'Ingress shop/good')]);
  assert.equal(listed.find(({ ingress }) => ingress === 'shop/good')?.state, 'partial');
});

const implicit = sampleRoute(root, {
  labels: { ...labelsOf('sub'), service: '', servicePort: '', path: '/' },
});
const written = sampleRoute(
  { kind: 'prefix', path: '/sub' },
  { labels: labelsOf('sub'), action: forward },
);

for (const { name, routes, findings = [], want } of [
  { name: 'is none of its paths', routes: [written, implicit], want: '1 served' },
  { name: 'is all there is of a host alone', routes: [implicit], want: '1 closed' },
  {
    name: 'counts as written where a resource is behind it',
    routes: [written, implicit],
    findings: [finding('backend-resource-unsupported', 'Ingress shop/sub')],
    want: '2 partial',
  },
]) {
  test(`the answer to paths that an Ingress has no rule for ${name}`, () => {
    const host = sampleHost({ name: 'sub.test', routes });
    const virtualHosts = new Map([[host.name, host]]);
    const [listed] = listIngresses({ ...config, virtualHosts }, findings);
    assert.equal(`${listed?.paths} ${listed?.state}`, want);
  });
}
