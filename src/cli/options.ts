import { availableParallelism } from 'node:os';
import type { LogLevel } from '../observability/logger.ts';
import type { ChangeBatching } from '../source/store.ts';
import { parseLabelSelector } from '../translate/label-selector.ts';
import type { TranslateOptions } from '../translate/translate-options.ts';
import { parseAdmissionOptions, type AdmissionOptions } from './admission-options.ts';
import { serveFlags } from './flags.ts';
import { parseProfileOptions, type ProfileOptions } from './profile-options.ts';
import { parseReportingOptions, type ReportingOptions } from './reporting-options.ts';
import { parseDuration, parseFlags, UsageError, type FlagTexts } from './parse-flags.ts';

/** What `serve` shall do, all of it decided: made from the flags alone. */
export interface ServeOptions {
  /** Folders; empty: the cluster is the source. */
  readonly manifests: readonly string[];
  readonly cluster: ClusterOptions;
  readonly reporting: ReportingOptions;
  /** Undefined: no admission webhook. */
  readonly admission: AdmissionOptions | undefined;
  readonly translate: Omit<
    TranslateOptions,
    'defaultCertificate' | 'ownAddresses' | 'ownPorts' | 'nodeName'
  >;
  readonly ports: PortOptions;
  readonly workers: number;
  /** Undefined: what the container may have. */
  readonly memoryLimitBytes: number | 'none' | undefined;
  readonly batching: ChangeBatching;
  /** Serve on for so long after SIGTERM, while not ready. */
  readonly shutdownGraceMs: number;
  /** Between the end of the drain and the exit. */
  readonly postShutdownGraceMs: number;
  readonly logLevel: LogLevel;
  readonly metrics: MetricsOptions;
  readonly profiles: ProfileOptions;
  /** Flags that were given and have no effect yet. */
  readonly notYetHonoured: readonly string[];
}

export interface ClusterOptions {
  readonly kubeconfig: string | undefined;
  readonly apiserverHost: string | undefined;
  readonly certificateAuthority: string | undefined;
  /** Empty: all. */
  readonly watchNamespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
}

export interface PortOptions {
  readonly http: number;
  readonly https: number;
  readonly admin: number;
  readonly bind: string;
  readonly adminHost: string | undefined;
}

export interface MetricsOptions {
  readonly enabled: boolean;
  readonly perHost: boolean;
  readonly perUndefinedHost: boolean;
  readonly statusClasses: boolean;
  readonly excluded: readonly string[];
  readonly timeBuckets: readonly number[] | undefined;
  readonly lengthBuckets: readonly number[] | undefined;
  readonly sizeBuckets: readonly number[] | undefined;
}

/** Throws a `UsageError` that names the flag and the remedy. */
export function parseServeOptions(args: readonly string[]): ServeOptions {
  const flags = new FlagReader(parseFlags(args, serveFlags));
  const manifests = flags.list('manifests');
  const watchNamespaces = flags.list('watch-namespace');
  const namespaceSelector = flags.text('watch-namespace-selector');
  if (watchNamespaces.length > 0 && namespaceSelector !== undefined) {
    throw new UsageError('--watch-namespace and --watch-namespace-selector exclude each other');
  }
  if (namespaceSelector !== undefined && parseLabelSelector(namespaceSelector) === undefined) {
    throw new UsageError(
      `--watch-namespace-selector is a label selector such as team=shop, not ${JSON.stringify(namespaceSelector)}`,
    );
  }
  const ports = parsePortOptions(flags);
  return {
    manifests,
    cluster: {
      kubeconfig: flags.text('kubeconfig'),
      apiserverHost: flags.text('apiserver-host'),
      certificateAuthority: flags.text('certificate-authority'),
      watchNamespaces,
      namespaceSelector,
    },
    reporting: parseReportingOptions(flags),
    admission: parseAdmissionOptions(flags, {
      used: portFlags(ports),
      hasCluster: manifests.length === 0,
    }),
    translate: {
      ingressClass: flags.text('ingress-class') ?? 'ts-nginx',
      controllerClass: flags.text('controller-class') ?? 'ts-nginx.io/ingress-controller',
      ingressClassByName: flags.boolean('ingress-class-by-name'),
      isOnlyController: manifests.length > 0,
      overruledKeys: new Set(flags.isGiven('workers') ? ['worker-processes'] : []),
      watchIngressWithoutClass: flags.boolean('watch-ingress-without-class'),
      watchNamespaces,
      namespaceSelector,
      disableCatchAll: flags.boolean('disable-catch-all'),
      disableSvcExternalName: flags.boolean('disable-svc-external-name'),
      sslPassthrough: flags.boolean('enable-ssl-passthrough'),
      annotationsPrefix: flags.text('annotations-prefix') ?? 'nginx.ingress.kubernetes.io',
      configMap: flags.objectKey('configmap'),
      streamConfigMaps: parseStreamConfigMaps(flags),
      defaultBackendService: flags.objectKey('default-backend-service'),
      defaultSslCertificate: flags.objectKey('default-ssl-certificate'),
      healthCheckPath: flags.text('health-check-path') ?? '/healthz',
      allowLocalEndpoints: flags.boolean('allow-local-endpoints', manifests.length > 0),
      upstreamAddress: flags.oneOf('upstream-address', UPSTREAM_ADDRESSES),
      nodeAddressType: flags.oneOf('upstream-node-address', ['InternalIP', 'ExternalIP']),
      topologyAware: flags.boolean('enable-topology-aware-routing'),
    },
    ports,
    workers: flags.integer('workers', defaultWorkers(), 0, 256),
    memoryLimitBytes: parseMemoryLimit(flags),
    batching: {
      quietMs: flags.duration('config-quiet-period', 5),
      maxMs: flags.duration('config-max-delay', 25),
    },
    shutdownGraceMs: flags.duration('shutdown-grace-period', 0),
    postShutdownGraceMs: flags.duration('post-shutdown-grace-period', 0),
    logLevel: flags.logLevel(),
    metrics: parseMetricsOptions(flags),
    profiles: parseProfileOptions(flags),
    notYetHonoured: serveFlags
      .filter(({ name, use }) => use === 'later' && flags.isGiven(name))
      .map(({ name }) => `--${name}`),
  };
}

function parseStreamConfigMaps(
  flags: FlagReader,
): NonNullable<TranslateOptions['streamConfigMaps']> {
  const tcp = flags.objectKey('tcp-services-configmap');
  const udp = flags.objectKey('udp-services-configmap');
  return {
    ...(tcp === undefined ? {} : { TCP: tcp }),
    ...(udp === undefined ? {} : { UDP: udp }),
  };
}

/** The first is the default. */
const UPSTREAM_ADDRESSES = [
  'endpoints',
  'cluster-ip',
  'node-port',
  'load-balancer',
  'auto',
] as const;

/** Cores that the process may use (affinity and cgroup count). Where ports can't be shared, the main thread serves. */
function defaultWorkers(): number {
  return process.platform === 'linux' ? availableParallelism() : 0;
}

function parseMemoryLimit(flags: FlagReader): ServeOptions['memoryLimitBytes'] {
  if (!flags.isGiven('memory-limit-mib')) return undefined;
  const mebibytes = flags.integer('memory-limit-mib', 0, 0, 1_048_576);
  return mebibytes === 0 ? 'none' : mebibytes * 1024 * 1024;
}

function parsePortOptions(flags: FlagReader): PortOptions {
  const ports = {
    http: flags.port('http-port', 80),
    https: flags.port('https-port', 443),
    admin: flags.port('healthz-port', 10254),
  };
  const used = portFlags(ports);
  for (const [flag, port] of flagsOfPorts(ports)) {
    const other = used.get(port);
    if (port !== 0 && other !== undefined && other !== flag) {
      throw new UsageError(`--${flag} and --${other} are both ${port}: give each its own port`);
    }
  }
  return { ...ports, bind: flags.text('bind') ?? '::', adminHost: flags.text('healthz-host') };
}

type Ports = Pick<PortOptions, 'http' | 'https' | 'admin'>;

function flagsOfPorts({ http, https, admin }: Ports): readonly (readonly [string, number])[] {
  return [
    ['http-port', http],
    ['https-port', https],
    ['healthz-port', admin],
  ];
}

/** The first flag that has each port. */
function portFlags(ports: Ports): ReadonlyMap<number, string> {
  return new Map([...flagsOfPorts(ports)].reverse().map(([flag, port]) => [port, flag] as const));
}

function parseMetricsOptions(flags: FlagReader): MetricsOptions {
  const perHost = flags.boolean('metrics-per-host', true);
  const perUndefinedHost = flags.boolean('metrics-per-undefined-host');
  if (perUndefinedHost && !perHost) {
    throw new UsageError('--metrics-per-undefined-host needs --metrics-per-host');
  }
  return {
    enabled: flags.boolean('enable-metrics', true),
    perHost,
    perUndefinedHost,
    statusClasses: flags.boolean('report-status-classes'),
    excluded: flags.list('exclude-socket-metrics'),
    timeBuckets: flags.numbers('time-buckets'),
    lengthBuckets: flags.numbers('length-buckets'),
    sizeBuckets: flags.numbers('size-buckets'),
  };
}

/** Typed reading of what was given; the last of a repeated flag wins, as in Go. */
class FlagReader {
  readonly #texts: FlagTexts;

  constructor(texts: FlagTexts) {
    this.#texts = texts;
  }

  isGiven(name: string): boolean {
    return this.#texts.has(name);
  }

  /** Empty counts as not given: `--configmap=` is common in templates. */
  text(name: string): string | undefined {
    const text = this.#texts.get(name)?.at(-1);
    return text === '' ? undefined : text;
  }

  boolean(name: string, byDefault = false): boolean {
    const text = this.text(name);
    return text === undefined ? byDefault : text === 'true';
  }

  /** Each occurrence may hold several, separated by commas. */
  list(name: string): string[] {
    const texts = this.#texts.get(name) ?? [];
    return texts
      .flatMap((text) => text.split(','))
      .map((item) => item.trim())
      .filter(Boolean);
  }

  numbers(name: string): readonly number[] | undefined {
    if (!this.isGiven(name)) return undefined;
    const numbers = this.list(name).map(Number);
    if (numbers.some((number) => !Number.isFinite(number))) {
      throw new UsageError(
        `--${name} is a list of numbers, not ${JSON.stringify(this.text(name))}`,
      );
    }
    return numbers.sort((a, b) => a - b);
  }

  integer(name: string, byDefault: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === undefined) return byDefault;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(
      `--${name} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
    );
  }

  port(name: string, byDefault: number): number {
    return this.integer(name, byDefault, 0, 65_535);
  }

  /** Milliseconds. A bare number counts as seconds where the flag's type says so. */
  duration(name: string, byDefaultMs: number): number {
    const text = this.text(name);
    if (text === undefined) return byDefaultMs;
    const inSeconds = serveFlags.some((flag) => flag.name === name && flag.type === 'seconds');
    const ms = inSeconds && /^\d+$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
    if (ms !== undefined) return ms;
    throw new UsageError(`--${name} is a duration such as 30s, not ${JSON.stringify(text)}`);
  }

  /** Without the flag the first of `values`. */
  oneOf<T extends string>(name: string, values: readonly [T, ...T[]]): T {
    const text = this.text(name);
    if (text === undefined) return values[0];
    const value = values.find((each) => each === text);
    if (value !== undefined) return value;
    throw new UsageError(`--${name} is one of ${values.join(', ')}, not ${JSON.stringify(text)}`);
  }

  objectKey(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || /^[^/\s]+\/[^/\s]+$/.test(text)) return text;
    throw new UsageError(`--${name} is <namespace>/<name>, not ${JSON.stringify(text)}`);
  }

  logLevel(): LogLevel {
    const level = this.text('log-level');
    if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error')
      return level;
    if (level !== undefined) {
      throw new UsageError(
        `--log-level is debug, info, warn or error, not ${JSON.stringify(level)}`,
      );
    }
    return this.integer('v', 0, 0, 100) >= 2 ? 'debug' : 'info';
  }
}
