/**
 * A real data plane on 127.0.0.1, port 0, from a small config built in code:
 *
 *     const upstream = await startUpstream(t, (request, response) => response.end('hello'));   // upstream.ts
 *     const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
 *     const client = await connectClient(t, proxy.httpPort);                                    // raw-client.ts
 *     client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
 *     const answer = await client.readAnswer();
 *
 * Without `virtualHosts` there is one, `app.test`, whose route `/` goes to the cluster `main` with these `upstreams`.
 * `virtualHosts`, `clusters` and `settings` replace or refine that; what a piece leaves out has ingress-nginx's default.
 * `apply()` changes the running proxy as the control plane would (a delta by identity); `records` holds a plain copy of
 * every finished exchange in order, `nextRecord()` waits for one; `limits` counts what `limitTripped` was told.
 */
import type { TestContext } from 'node:test';

import { DataPlane } from '../../../src/dataplane/data-plane.ts';
import type {
  BalancerConfig,
  Certificate,
  Cluster,
  Endpoint,
  ProxyConfig,
  Route,
  UpstreamTls,
  VirtualHost,
} from '../../../src/model/config.ts';
import { diffConfig } from '../../../src/model/delta.ts';
import type { Settings } from '../../../src/model/settings.ts';
import type { ExchangeRecord } from '../../../src/observability/exchange-record.ts';
import { WorkerStats } from '../../../src/observability/worker-stats.ts';
import { carrier, carrierCertificate } from './carrier.ts';
import { createRecordingLog, type LogLine } from './recording-log.ts';
import { RecordList } from './record-list.ts';
import { defaultBuffering, defaultRetry, defaultSettings } from './default-settings.ts';

export interface ProxyOptions {
  /** Local address of the listeners; 127.0.0.1 unless it says otherwise. */
  readonly bind?: string;
  /** Endpoints of the cluster `main`. */
  readonly upstreams?: readonly Endpoint[];
  /** Further clusters by id, each with an endpoint set of the same id. */
  readonly clusters?: Readonly<Record<string, ClusterOptions>>;
  /** Protocol of the cluster `main`; default `http`. */
  readonly protocol?: Cluster['protocol'];
  /** TLS identity of the cluster `main` towards its endpoints. */
  readonly tls?: UpstreamTls;
  /** Of the cluster `main`; default round robin. */
  readonly balancer?: BalancerConfig;
  readonly virtualHosts?: readonly VirtualHostOptions[];
  readonly settings?: SettingsOptions;
  /** The first is the default one. With any, the https listener is opened too. */
  readonly certificates?: readonly Certificate[];
}

export interface ClusterOptions {
  readonly upstreams: readonly Endpoint[];
  readonly protocol?: Cluster['protocol'];
  readonly tls?: UpstreamTls;
  readonly balancer?: BalancerConfig;
}

/** A virtual host; what is left out has its default. Without routes: one, `/` to the cluster `main`. */
export type VirtualHostOptions = Partial<Omit<VirtualHost, 'routes'>> & {
  readonly name: string;
  readonly routes?: readonly RouteOptions[];
};

export type RouteOptions = Partial<Omit<Route, 'timeouts' | 'retry' | 'buffering' | 'labels'>> & {
  readonly timeouts?: Partial<Route['timeouts']>;
  readonly retry?: Partial<Route['retry']>;
  readonly buffering?: Partial<Route['buffering']>;
};

/** Sections of the settings, each of them partly. */
export type SettingsOptions = {
  readonly [K in keyof Settings]?: Settings[K] extends readonly unknown[]
    ? Settings[K]
    : Settings[K] extends object
      ? Partial<Settings[K]>
      : Settings[K];
};

export interface RunningProxy {
  /** Where clients of the process's carrier go. */
  readonly httpPort: number;
  /** 0 without certificates. */
  readonly httpsPort: number;
  readonly dataPlane: DataPlane;
  readonly stats: WorkerStats;
  /** One entry per finished exchange, copied when it ended. */
  readonly records: readonly ExchangeRecord[];
  /** How often each limit tripped, by name. */
  readonly limits: ReadonlyMap<string, number>;
  /** What was logged (not the access lines). */
  readonly logLines: readonly LogLine[];
  /** The next record that nobody was given by this method yet; waits up to 5 s. */
  nextRecord(): Promise<ExchangeRecord>;
  /** Makes the config that these options describe the one that is served. */
  apply(options: ProxyOptions): void;
}

export async function startProxy(t: TestContext, options: ProxyOptions): Promise<RunningProxy> {
  const records = new RecordList();
  const { log, lines } = createRecordingLog();
  const stats = new WorkerStats();
  const limits = countLimits(stats);
  const dataPlane = new DataPlane(
    { bind: options.bind ?? '127.0.0.1', reusePort: false },
    { log, accessLogFor: () => records, stats },
  );
  t.after(() => {
    dataPlane.destroy();
  });
  const isTls = carrier() === 'tls';
  const buildAll = (wanted: ProxyOptions): ProxyConfig =>
    buildConfig(isTls ? { certificates: [carrierCertificate()], ...wanted } : wanted);
  let config = buildAll(options);
  let version = 1;
  dataPlane.apply(diffConfig(undefined, config, version));
  const ports = await dataPlane.listen({
    httpPort: 0,
    httpsPort: options.certificates === undefined && !isTls ? 'off' : 0,
  });
  return {
    httpPort: (isTls ? ports.httpsPort : ports.httpPort) ?? 0,
    httpsPort: ports.httpsPort ?? 0,
    dataPlane,
    stats,
    records: records.all,
    limits,
    logLines: lines,
    nextRecord: () => records.next(),
    apply(next) {
      const nextConfig = buildAll(next);
      version += 1;
      dataPlane.apply(diffConfig(config, nextConfig, version));
      config = nextConfig;
    },
  };
}

function countLimits(stats: WorkerStats): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  const inner = stats.limitTripped.bind(stats);
  stats.limitTripped = (limit) => {
    limits.set(limit, (limits.get(limit) ?? 0) + 1);
    inner(limit);
  };
  return limits;
}

/** The whole config that `options` stands for; plain data, so a test may also build its deltas by hand. */
export function buildConfig(options: ProxyOptions): ProxyConfig {
  const clusterOptions: [string, ClusterOptions][] = [
    ['main', mainCluster(options)],
    ...Object.entries(options.clusters ?? {}),
  ];
  const virtualHosts = (options.virtualHosts ?? [{ name: 'app.test' }]).map(buildVirtualHost);
  const certificates = options.certificates ?? [];
  return {
    settings: buildSettings(options.settings ?? {}, certificates[0]?.id ?? ''),
    virtualHosts: new Map(virtualHosts.map((host) => [host.name, host])),
    clusters: new Map(clusterOptions.map(([id, cluster]) => [id, buildCluster(id, cluster)])),
    endpointSets: new Map(
      clusterOptions.map(([id, { upstreams }]) => [id, { id, endpoints: upstreams }]),
    ),
    certificates: new Map(certificates.map((certificate) => [certificate.id, certificate])),
  };
}

function mainCluster({
  upstreams = [],
  protocol = 'http',
  tls,
  balancer,
}: ProxyOptions): ClusterOptions {
  return {
    upstreams,
    protocol,
    ...(tls === undefined ? {} : { tls }),
    ...(balancer === undefined ? {} : { balancer }),
  };
}

function buildCluster(id: string, { protocol = 'http', tls, balancer }: ClusterOptions): Cluster {
  return {
    id,
    name: `test-${id}-80`,
    endpointSet: id,
    statusWhenEmpty: 503,
    protocol,
    ...(tls === undefined ? {} : { tls }),
    balancer: balancer ?? { kind: 'round-robin' },
  };
}

function buildVirtualHost(options: VirtualHostOptions): VirtualHost {
  return {
    aliases: [],
    matching: 'paths',
    filters: [],
    certificate: undefined,
    hsts: undefined,
    ...options,
    routes: (options.routes ?? [{}]).map(buildRoute),
  };
}

function buildRoute(options: RouteOptions, index: number): Route {
  const { timeouts, retry, buffering, ...rest } = options;
  return {
    id: `route-${index}`,
    match: { kind: 'prefix', path: '/' },
    labels: {
      namespace: 'test',
      ingress: 'ingress',
      service: 'service',
      servicePort: '80',
      path: '/',
    },
    filters: [],
    action: { kind: 'forward', cluster: 'main' },
    maxBodyBytes: 1024 * 1024,
    ...rest,
    timeouts: { connectMs: 5_000, sendMs: 60_000, readMs: 60_000, ...timeouts },
    retry: { ...defaultRetry, ...retry },
    buffering: { ...defaultBuffering, ...buffering },
  };
}

function buildSettings(options: SettingsOptions, defaultCertificate: string): Settings {
  const { client, upstream, forwarded, tls, accessLog, ...rest } = options;
  return {
    ...defaultSettings,
    ...rest,
    client: { ...defaultSettings.client, ...client },
    upstream: { ...defaultSettings.upstream, ...upstream },
    forwarded: { ...defaultSettings.forwarded, ...forwarded },
    tls: { ...defaultSettings.tls, defaultCertificate, ...tls },
    accessLog: { ...defaultSettings.accessLog, ...accessLog } as Settings['accessLog'],
  };
}
