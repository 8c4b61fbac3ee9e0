import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { createRecordingLog } from '../../test/blackbox/harness/recording-log.ts';
import {
  sampleCluster,
  sampleDelta,
  sampleHost,
  sampleRoute,
} from '../../test/unit/sample-config.ts';
import { samplePick } from '../../test/unit/sample-pick.ts';
import type { EndpointSet, Route, VirtualHost } from '../model/config.ts';
import { Table } from './table.ts';

function webRoute(changes: Partial<Route> = {}): Route {
  const action = { kind: 'forward', cluster: 'web' } as const;
  return sampleRoute({ kind: 'prefix', path: '/' }, { action, ...changes });
}

function webSet(...addresses: string[]): EndpointSet {
  return { id: 'web', endpoints: addresses.map((address) => ({ address, port: 80 })) };
}

const host = sampleHost({ routes: [webRoute()] });

/** Serves `host` from cluster `web` with two endpoints. */
function createTable(): Table {
  const table = new Table(createRecordingLog().log);
  table.apply(
    sampleDelta({
      settings: defaultSettings,
      virtualHosts: { set: [host], remove: [] },
      clusters: { set: [sampleCluster('web')], remove: [] },
      endpointSets: { set: [webSet('10.0.0.1', '10.0.0.2')], remove: [] },
    }),
  );
  return table;
}

const routeOf = (table: Table) => table.host('shop.example.com')?.match('/x');

test('before the first delta there are no settings', () => {
  const table = new Table(createRecordingLog().log);
  assert.throws(() => table.settings, /no config/);
  assert.equal(table.host('shop.example.com'), undefined);
});

test('a request finds host, route, cluster and endpoint', () => {
  const table = createTable();
  assert.equal(table.settings, defaultSettings);
  const route = routeOf(table);
  assert.equal(route?.config, host.routes[0]);
  assert.equal(route?.cluster?.size, 2);
  assert.match(route.cluster.pick(samplePick())?.key ?? '', /^10\.0\.0\.[12]:80$/);
});

test('a new endpoint set acts at once on routes that stand, which are not made anew', () => {
  const table = createTable();
  const route = routeOf(table);
  table.apply(sampleDelta({ endpointSets: { set: [webSet('10.0.0.3')], remove: [] } }));
  assert.equal(routeOf(table), route);
  assert.equal(route?.cluster?.pick(samplePick())?.key, '10.0.0.3:80');
  table.apply(sampleDelta({ endpointSets: { set: [], remove: ['web'] } }));
  assert.equal(route.cluster.size, 0);
});

test('one host changes, the others keep their very tables', () => {
  const table = createTable();
  const other = sampleHost({ name: 'other.test', routes: [webRoute()] });
  table.apply(sampleDelta({ virtualHosts: { set: [other], remove: [] } }));
  const before = table.host('shop.example.com');
  const inFlight = table.host('other.test')?.match('/');
  const next = sampleHost({ name: 'other.test', routes: [webRoute({ id: 'next' })] });
  table.apply(sampleDelta({ virtualHosts: { set: [next], remove: [] } }));
  assert.equal(table.host('shop.example.com'), before);
  assert.equal(table.host('other.test')?.match('/')?.config.id, 'next');
  // The exchange that holds the old route still has all of it.
  assert.equal(inFlight?.config, other.routes[0]);
  assert.equal(inFlight?.cluster, routeOf(table)?.cluster);
  table.apply(sampleDelta({ virtualHosts: { set: [], remove: ['other.test'] } }));
  assert.equal(table.host('other.test'), undefined);
  assert.equal(inFlight?.cluster?.size, 2);
});

test('a cluster that changes stays the same object, and keeps its turn', () => {
  const table = createTable();
  const cluster = routeOf(table)?.cluster;
  assert.ok(cluster);
  const first = cluster.pick(samplePick());
  const second = cluster.pick(samplePick());
  for (let round = 0; round < 20; round++) {
    const config = sampleCluster('web', { protocol: 'https' });
    table.apply(sampleDelta({ clusters: { set: [config], remove: [] } }));
    assert.equal(routeOf(table)?.cluster, cluster);
    assert.equal(cluster.config, config);
    assert.equal(cluster.pick(samplePick()), round % 2 === 0 ? first : second);
  }
});

test('a cluster may change its endpoint set', () => {
  const table = createTable();
  const config = sampleCluster('web', { endpointSet: 'blue' });
  const blue = { id: 'blue', endpoints: [{ address: '10.0.0.9', port: 81 }] };
  table.apply(
    sampleDelta({
      clusters: { set: [config], remove: [] },
      endpointSets: { set: [blue], remove: ['web'] },
    }),
  );
  assert.equal(routeOf(table)?.cluster?.pick(samplePick())?.key, '10.0.0.9:81');
});

test('a cluster that goes leaves its routes without endpoints, and finds them when it comes back', () => {
  const table = createTable();
  const route = routeOf(table);
  table.apply(sampleDelta({ clusters: { set: [], remove: ['web'] } }));
  assert.equal(route?.cluster?.size, 0);
  assert.equal(route.cluster.pick(samplePick()), undefined);
  table.apply(sampleDelta({ endpointSets: { set: [webSet('10.0.0.4')], remove: [] } }));
  assert.equal(route.cluster.size, 0);
  table.apply(sampleDelta({ clusters: { set: [sampleCluster('web')], remove: [] } }));
  assert.equal(route.cluster.pick(samplePick())?.key, '10.0.0.4:80');
});

test('a cluster that nothing names any more is forgotten', () => {
  const table = createTable();
  const cluster = routeOf(table)?.cluster;
  table.apply(
    sampleDelta({
      clusters: { set: [], remove: ['web'] },
      virtualHosts: { set: [], remove: ['shop.example.com'] },
    }),
  );
  table.apply(
    sampleDelta({
      clusters: { set: [sampleCluster('web')], remove: [] },
      virtualHosts: { set: [host], remove: [] },
    }),
  );
  assert.notEqual(routeOf(table)?.cluster, cluster);
});

test('who stops using an endpoint is told once, after the whole delta', () => {
  const table = createTable();
  const told: [string, number | undefined][] = [];
  table.onEndpointRemoved = ({ key }) => told.push([key, routeOf(table)?.cluster?.size]);
  table.apply(sampleDelta({ endpointSets: { set: [webSet('10.0.0.2')], remove: [] } }));
  assert.deepEqual(told, [['10.0.0.1:80', 1]]);
});

test('a route that answers by itself has no cluster', () => {
  const table = createTable();
  const routes = [sampleRoute({ kind: 'prefix', path: '/' })];
  table.apply(sampleDelta({ virtualHosts: { set: [sampleHost({ routes })], remove: [] } }));
  assert.equal(routeOf(table)?.cluster, undefined);
});

test('filters are made by phase, in order', () => {
  const table = createTable();
  const route = webRoute({
    filters: [
      { kind: 'ip-access', deny: [], allow: undefined },
      { kind: 'https-redirect', status: 308, keepTrailingSlash: false },
      { kind: 'rewrite-path', pattern: '/', replacement: '/' },
    ],
  });
  const filters = [{ kind: 'app-root', path: '/start' } as const];
  const guarded = sampleHost({ routes: [route], filters });
  table.apply(sampleDelta({ virtualHosts: { set: [guarded], remove: [] } }));
  assert.equal(table.host('shop.example.com')?.filters.length, 1);
  assert.equal(routeOf(table)?.early.length, 1);
  assert.equal(routeOf(table)?.access.length, 2);
});

test('the lists of the settings are compiled with them', () => {
  const table = createTable();
  const settings = {
    ...defaultSettings,
    blockedCidrs: ['192.0.2.0/24'],
    forwarded: { ...defaultSettings.forwarded, trustedCidrs: ['10.0.0.0/8'] },
  };
  table.apply(sampleDelta({ settings }));
  assert.equal(table.settings, settings);
  assert.ok(table.blockedClients.matches('192.0.2.1'));
  assert.ok(table.trustedPeers.matches('10.1.1.1'));
  assert.ok(!table.trustedPeers.matches('192.0.2.1'));
});

const bad: Record<string, Partial<VirtualHost>> = {
  'a pattern that does not compile': {
    matching: 'patterns',
    routes: [sampleRoute({ kind: 'pattern', pattern: '/(' })],
  },
  'a pattern among paths': { routes: [sampleRoute({ kind: 'pattern', pattern: '/a' })] },
  'a filter that can not be made': {
    routes: [webRoute({ filters: [{ kind: 'ip-access', deny: ['x'], allow: undefined }] })],
  },
};
for (const [name, changes] of Object.entries(bad)) {
  test(`${name}: the whole delta is refused, the old table serves on`, () => {
    const table = createTable();
    const before = routeOf(table);
    const removed: string[] = [];
    table.onEndpointRemoved = ({ key }) => removed.push(key);
    const delta = sampleDelta({
      settings: { ...defaultSettings, drainMs: 1 },
      virtualHosts: {
        set: [sampleHost({ routes: [] }), sampleHost({ name: 'bad.test', ...changes })],
        remove: [],
      },
      clusters: { set: [], remove: ['web'] },
      endpointSets: { set: [webSet()], remove: [] },
    });
    assert.throws(() => {
      table.apply(delta);
    });
    assert.equal(table.settings, defaultSettings);
    assert.equal(routeOf(table), before);
    assert.equal(before?.cluster?.size, 2);
    assert.equal(table.host('bad.test'), undefined);
    assert.deepEqual(removed, []);
  });
}

test('settings that OpenSSL or the address parser refuses are refused', () => {
  const table = createTable();
  for (const settings of [
    { ...defaultSettings, blockedCidrs: ['nonsense'] },
    { ...defaultSettings, tls: { ...defaultSettings.tls, ciphers: 'NO-SUCH-CIPHER' } },
  ]) {
    assert.throws(() => {
      table.apply(sampleDelta({ settings }));
    });
    assert.equal(table.settings, defaultSettings);
  }
});
