import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleHost, sampleRoute } from '../../test/unit/sample-config.ts';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import { parseMetrics, valueOf } from '../../test/unit/parse-metrics.ts';
import type { ProxyConfig, RouteLabels, VirtualHost } from '../model/config.ts';
import type { Settings } from '../model/settings.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { Metrics } from './metrics.ts';
import type { MetricsOptions, MetricsState } from './metrics.ts';
import { WorkerStats } from './worker-stats.ts';

const CONTROLLER = {
  controller_namespace: 'ingress',
  controller_class: 'ts-nginx.io/ingress-controller',
  controller_pod: 'pod-1',
};

function createMetrics(changes: Partial<MetricsOptions> = {}, state: Partial<MetricsState> = {}) {
  return new Metrics(
    {
      enabled: true,
      perHost: true,
      perUndefinedHost: false,
      statusClasses: false,
      excluded: [],
      timeBuckets: undefined,
      lengthBuckets: undefined,
      sizeBuckets: undefined,
      identity: {
        namespace: CONTROLLER.controller_namespace,
        pod: CONTROLLER.controller_pod,
        controllerClass: CONTROLLER.controller_class,
        release: '1.2.3',
        build: 'abc',
        repository: 'repo',
      },
      ...changes,
    },
    {
      config: () => undefined,
      configVersion: () => 7,
      findings: () => [],
      workers: () => [],
      memoryLimitBytes: () => undefined,
      ...state,
    },
  );
}

/** What a worker reports that finished these exchanges; as it arrives, cloned on its way between threads. */
function reportOf(metrics: Metrics, ...records: Partial<ExchangeRecord>[]) {
  const stats = new WorkerStats(metrics.workerStats);
  for (const changes of records) {
    stats.exchangeStarted();
    stats.exchangeFinished(sampleExchangeRecord(changes));
  }
  return structuredClone(stats.take());
}

async function textOf(metrics: Metrics): Promise<string> {
  return [...(await metrics.pieces())].join('');
}

async function scrape(metrics: Metrics) {
  return parseMetrics(await textOf(metrics));
}

const PREFIX = 'nginx_ingress_controller_';

test('an exchange is counted under the labels of its route', async () => {
  const metrics = createMetrics();
  metrics.merge(0, reportOf(metrics, {}));
  const samples = await scrape(metrics);
  assert.deepEqual(samples.get(`${PREFIX}requests`), [
    {
      labels: {
        ...CONTROLLER,
        host: 'shop.example.com',
        namespace: 'shop',
        ingress: 'web',
        service: 'cart',
        path: '/cart',
        method: 'GET',
        status: '200',
        canary: '',
      },
      value: 1,
    },
  ]);
});

test('histograms have cumulative buckets, a sum and a count', async () => {
  const metrics = createMetrics();
  metrics.merge(
    0,
    reportOf(metrics, { durationMs: 4 }, { durationMs: 30 }, { durationMs: 20_000 }),
  );
  const samples = await scrape(metrics);
  const name = `${PREFIX}request_duration_seconds`;
  const buckets = samples.get(`${name}_bucket`)?.map(({ labels, value }) => [labels['le'], value]);
  assert.deepEqual(buckets, [
    ['0.005', 1],
    ['0.01', 1],
    ['0.025', 1],
    ['0.05', 2],
    ['0.1', 2],
    ['0.25', 2],
    ['0.5', 2],
    ['1', 2],
    ['2.5', 2],
    ['5', 2],
    ['10', 2],
    ['+Inf', 3],
  ]);
  assert.equal(valueOf(samples, `${name}_count`), 3);
  assert.ok(Math.abs(valueOf(samples, `${name}_sum`) - 20.034) < 1e-9);
});

test('every request family of ingress-nginx is there', async () => {
  const metrics = createMetrics();
  metrics.merge(0, reportOf(metrics, {}));
  const samples = await scrape(metrics);
  for (const [name, sum] of [
    ['request_duration_seconds', 0.0044],
    ['response_duration_seconds', 0.0036],
    ['header_duration_seconds', 0.0032],
    ['connect_duration_seconds', 0.0004],
    ['request_size', 131],
    ['response_size', 812],
    ['bytes_sent', 812],
  ] as const) {
    assert.ok(Math.abs(valueOf(samples, `${PREFIX}${name}_sum`) - sum) < 1e-9, name);
  }
  assert.equal(valueOf(samples, `${PREFIX}request_size_bucket`, { le: '100' }), 0);
  assert.equal(valueOf(samples, `${PREFIX}bytes_sent_bucket`, { le: '1000' }), 1);
});

test('of several attempts the last is observed; without one there are no upstream series', async () => {
  const metrics = createMetrics();
  const attempt = { address: 'a', connectMs: 1, headMs: 2, responseMs: 3, status: 200, bytes: 0 };
  metrics.merge(
    0,
    reportOf(
      metrics,
      { attempts: [attempt, { ...attempt, responseMs: 9 }] },
      { attempts: [], status: 503 },
    ),
  );
  const samples = await scrape(metrics);
  assert.equal(valueOf(samples, `${PREFIX}response_duration_seconds_sum`), 0.009);
  assert.equal(valueOf(samples, `${PREFIX}response_duration_seconds_count`), 1);
  assert.equal(samples.get(`${PREFIX}request_duration_seconds_count`)?.length, 2);
});

test('workers add up, and nothing is ever lost between two reports', async () => {
  const metrics = createMetrics();
  const stats = new WorkerStats(metrics.workerStats);
  const report = () => structuredClone(stats.take());
  stats.exchangeFinished(sampleExchangeRecord());
  metrics.merge(0, report());
  stats.exchangeFinished(sampleExchangeRecord());
  metrics.merge(0, report());
  metrics.merge(0, report());
  metrics.merge(1, reportOf(metrics, {}, {}));
  metrics.workerDied(1);
  metrics.merge(1, reportOf(metrics, {}));
  const samples = await scrape(metrics);
  assert.equal(valueOf(samples, `${PREFIX}requests`), 5);
  assert.equal(valueOf(samples, `${PREFIX}nginx_process_requests_total`), 5);
  assert.equal(valueOf(samples, 'ts_nginx_worker_restarts_total'), 1);
});

test('connections are levels, and those of a dead worker are gone', async () => {
  const metrics = createMetrics();
  const stats = new WorkerStats(metrics.workerStats);
  for (let connection = 0; connection < 5; connection++) stats.connectionOpened();
  stats.connectionClosed();
  stats.exchangeStarted();
  metrics.merge(0, stats.take());
  metrics.merge(0, stats.take());
  metrics.merge(1, { ...stats.take(), openConnections: 40 });
  metrics.workerDied(1);
  const samples = await scrape(metrics);
  const name = `${PREFIX}nginx_process_connections`;
  assert.equal(valueOf(samples, name, { state: 'active' }), 4);
  assert.equal(valueOf(samples, name, { state: 'writing' }), 1);
  assert.equal(valueOf(samples, name, { state: 'waiting' }), 3);
  assert.equal(valueOf(samples, `${name}_total`, { state: 'accepted' }), 5);
  assert.equal(valueOf(samples, `${PREFIX}nginx_process_num_procs`), 1);
});

const undefinedHost = { virtualHost: '', labels: undefined, clusterName: '', attempts: [] };

for (const { name, options, record, want } of [
  {
    name: 'a wildcard host counts under its own name',
    record: { virtualHost: '*.a.com' },
    want: { host: '*.a.com' },
  },
  {
    name: 'an unknown method is one of many',
    record: { method: 'BREW' },
    want: { method: 'OTHER' },
  },
  {
    name: 'a known host without a route',
    record: { labels: undefined },
    want: { ingress: '', path: '' },
  },
  { name: 'hosts that nobody defines do not count', record: undefinedHost, want: undefined },
  { name: 'an unparsed head does not count', record: { virtualHost: undefined }, want: undefined },
  {
    name: 'an Ingress for all hosts counts',
    record: { virtualHost: '' },
    want: { host: '_', ingress: 'web' },
  },
  {
    name: 'metrics-per-undefined-host',
    options: { perUndefinedHost: true },
    record: undefinedHost,
    want: { host: '_' },
  },
  {
    name: 'metrics-per-host=false',
    options: { perHost: false },
    record: undefinedHost,
    want: { ingress: '' },
  },
  {
    name: 'report-status-classes',
    options: { statusClasses: true },
    record: { status: 404 },
    want: { status: '4xx' },
  },
  {
    name: 'label values are escaped',
    record: {
      labels: { namespace: 'n', ingress: 'i', service: 's', servicePort: '1', path: '/a"\\\n' },
    },
    want: { path: '/a\\"\\\\\\n' },
  },
] as {
  name: string;
  options?: Partial<MetricsOptions>;
  record: Partial<ExchangeRecord>;
  want: Record<string, string> | undefined;
}[]) {
  test(`labels: ${name}`, async () => {
    const metrics = createMetrics(options);
    metrics.merge(0, reportOf(metrics, record));
    const samples = await scrape(metrics);
    if (want === undefined) assert.equal(samples.get(`${PREFIX}requests`), undefined);
    else assert.equal(valueOf(samples, `${PREFIX}requests`, want), 1);
    assert.equal(valueOf(samples, `${PREFIX}nginx_process_requests_total`), 1);
  });
}

test('metrics-per-host=false merges hosts', async () => {
  const metrics = createMetrics({ perHost: false });
  metrics.merge(0, reportOf(metrics, { virtualHost: 'a.com' }, { virtualHost: 'b.com' }));
  const samples = await scrape(metrics);
  assert.equal(valueOf(samples, `${PREFIX}requests`), 2);
  assert.equal(samples.get(`${PREFIX}requests`)?.[0]?.labels['host'], undefined);
});

test('buckets and exclusions are as the flags say', async () => {
  const metrics = createMetrics({
    timeBuckets: [1],
    excluded: ['request_size', `${PREFIX}bytes_sent`],
  });
  metrics.merge(0, reportOf(metrics, {}));
  const samples = await scrape(metrics);
  assert.equal(samples.get(`${PREFIX}request_duration_seconds_bucket`)?.length, 2);
  assert.equal(samples.has(`${PREFIX}request_size_count`), false);
  assert.equal(samples.has(`${PREFIX}bytes_sent_count`), false);
  assert.equal(samples.has(`${PREFIX}response_size_count`), true);
});

test('without enable-metrics there are runtime series alone', async () => {
  const metrics = createMetrics({ enabled: false });
  assert.equal(metrics.workerStats.perRoute, false);
  metrics.merge(0, reportOf(metrics, {}));
  const names = [...(await scrape(metrics)).keys()];
  assert.ok(names.includes('process_cpu_seconds_total'));
  assert.ok(names.includes('nodejs_eventloop_lag_seconds'));
  assert.deepEqual(
    names.filter((name) => !/^(process|nodejs)_/.test(name)),
    [],
  );
});

test('limits, findings, workers, versions and propagation are told', async () => {
  const metrics = createMetrics(
    {},
    {
      findings: () => [
        { code: 'secret-missing', object: 'Ingress a/b', field: undefined, message: '' },
        {
          code: 'source-forbidden',
          object: 'Secret a/b',
          field: undefined,
          message: '',
          right: { verb: 'watch', resource: 'secrets' },
        },
      ],
      workers: () => [{ state: 'serving' }, { state: 'serving' }, { state: 'dead' }],
    },
  );
  const stats = new WorkerStats();
  stats.limitTripped('request-body');
  stats.limitTripped('request-body');
  stats.accessLogLinesDropped(3);
  metrics.merge(0, stats.take());
  metrics.configApplied(3);
  const samples = await scrape(metrics);
  const is = (name: string, labels: Record<string, string>, want: number) => {
    assert.equal(valueOf(samples, name, { ...CONTROLLER, ...labels }), want, name);
  };
  is('ts_nginx_limits_tripped_total', { limit: 'request-body' }, 2);
  is('ts_nginx_limits_tripped_total', { limit: 'connections' }, 0);
  is('ts_nginx_access_log_lines_dropped_total', {}, 3);
  is('ts_nginx_findings', { code: 'secret-missing', effect: 'partial' }, 1);
  is('ts_nginx_findings', { code: 'path-conflict' }, 0);
  is('ts_nginx_missing_rights', { verb: 'watch', resource: 'secrets' }, 1);
  is('ts_nginx_workers', { state: 'serving' }, 2);
  is('ts_nginx_config_version', {}, 7);
  is('ts_nginx_config_propagation_seconds_bucket', { le: '0.005' }, 1);
  is(`${PREFIX}success`, {}, 1);
  is(`${PREFIX}errors`, {}, 0);
  is(`${PREFIX}config_last_reload_successful`, {}, 1);
  is(`${PREFIX}build_info`, { release: '1.2.3', build: 'abc', repository: 'repo' }, 1);
  metrics.configFailed();
  const later = await scrape(metrics);
  assert.equal(valueOf(later, `${PREFIX}errors`), 1);
  assert.equal(valueOf(later, `${PREFIX}config_last_reload_successful`), 0);
});

function configOf(...hosts: VirtualHost[]): ProxyConfig {
  const nothing = new Map<string, never>();
  return {
    settings: {} as Settings,
    virtualHosts: new Map(hosts.map((host) => [host.name, host])),
    clusters: nothing,
    endpointSets: nothing,
    certificates: nothing,
  };
}

function hostOf(name: string, labels: Partial<RouteLabels>): VirtualHost {
  const route = sampleRoute({ kind: 'prefix', path: '/' });
  return sampleHost({ name, routes: [{ ...route, labels: { ...route.labels, ...labels } }] });
}

test('series of an Ingress that vanished are removed', async () => {
  let config = configOf(hostOf('a.com', { ingress: 'web' }), hostOf('b.com', { ingress: 'old' }));
  const metrics = createMetrics({}, { config: () => config });
  const labels = { namespace: 'shop', service: 's', servicePort: '1', path: '/' };
  metrics.merge(
    0,
    reportOf(
      metrics,
      { labels: { ...labels, ingress: 'web' } },
      { labels: { ...labels, ingress: 'old' } },
    ),
  );
  const ingresses = async () =>
    (await scrape(metrics)).get(`${PREFIX}requests`)?.map((sample) => sample.labels['ingress']);
  assert.deepEqual(await ingresses(), ['web', 'old']);
  config = configOf(hostOf('a.com', { ingress: 'web' }));
  assert.deepEqual(await ingresses(), ['web']);
});

test('the hash tells configurations apart, and only them', async () => {
  let config = configOf(hostOf('a.com', {}), hostOf('b.com', {}));
  const metrics = createMetrics({}, { config: () => config });
  const hash = async () => valueOf(await scrape(metrics), `${PREFIX}config_hash`);
  const first = await hash();
  assert.ok(first > 0 && Number.isSafeInteger(first));
  config = configOf(hostOf('b.com', {}), hostOf('a.com', {}));
  assert.equal(await hash(), first, 'the same in another order');
  config = configOf(hostOf('a.com', {}), hostOf('b.com', { service: 'other' }));
  assert.notEqual(await hash(), first);
});

test('a scrape of thousands of series is quick', async () => {
  const metrics = createMetrics();
  const routes = Array.from({ length: 400 }, (_, index) => ({
    labels: { namespace: 'n', ingress: `i${index}`, service: 's', servicePort: '1', path: '/' },
  }));
  metrics.merge(0, reportOf(metrics, ...routes));
  const startedAt = performance.now();
  const pieces = [...(await metrics.pieces())];
  const ms = performance.now() - startedAt;
  assert.ok(pieces.join('').split('\n').length > 30_000);
  assert.ok(ms < 1_000, `${ms} ms`);
  const longest = Math.max(...pieces.map(({ length }) => length));
  assert.ok(longest < 128 * 1_024, `no piece is large, the largest has ${longest} characters`);
});
