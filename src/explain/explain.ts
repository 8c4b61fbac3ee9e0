import { parseAuthority } from '../dataplane/authority.ts';
import { decide, type Decidable, type OwnAnswer } from '../dataplane/decide.ts';
import { statusText } from '../dataplane/error-page.ts';
import { createFilter } from '../dataplane/filters/index.ts';
import { NO_BODY } from '../dataplane/fields.ts';
import type { ClientHandshake } from '../dataplane/origin.ts';
import { Table } from '../dataplane/table.ts';
import { ClientVerdict } from '../dataplane/tls/client-verdict.ts';
import type { ProxyConfig, Route, VirtualHost } from '../model/config.ts';
import type { FilterConfig } from '../model/filter-config.ts';
import type { Finding } from '../model/finding.ts';
import type { Logger } from '../observability/logger.ts';
import type {
  Explanation,
  ExplainedAnswer,
  ExplainedFilter,
  ExplainedHost,
  ExplainedRoute,
  ExplainedUpstream,
  ExplainRequest,
  KnownIngress,
} from './explanation.ts';
import { coveringNames } from './covering-names.ts';
import { findingsConcerned } from './findings-concerned.ts';
import { implicitRoutes, type IsImplicit } from './implicit-route.ts';
import { notChosenHosts, notChosenIngresses, notChosenRoutes } from './not-chosen.ts';

/** What an explanation is drawn from. */
export interface Explainable {
  readonly config: ProxyConfig;
  readonly findings: readonly Finding[];
  /** All that there are, of whatever class. */
  readonly ingresses: readonly KnownIngress[];
}

/**
 * What would become of a request. It is decided by the same code that serves, upon a table of the hosts that could have a say,
 * so that what is told is what is done.
 */
export function explain(
  { config, findings, ingresses }: Explainable,
  request: ExplainRequest,
  log: Logger,
): Explanation {
  const name = parseAuthority(request.authority);
  const hosts = hostsFor(config, name ?? '');
  const { serverName = name ?? '' } = request;
  const table = createTable(config, [...new Set([...hosts, ...hostsFor(config, serverName)])], log);
  const handshake = request.scheme === 'https' ? handshakeWith(serverName, table) : 'plaintext';
  const exchange = createExchange(request, name ?? '', handshake);
  const own =
    name === undefined
      ? { status: 400, failure: 'host is not valid' }
      : decide(exchange, {
          table,
          stats: { limitTripped: () => undefined },
          pressure: 'none',
        });
  const { hostTable, route } = exchange;
  const host = hostTable?.config;
  const upstream = explainUpstream(config, route?.config, exchange.upstreamTarget);
  const filters = explainFilters(exchange, upstream, own);
  const isImplicit = implicitRoutes(findings);
  const explainedHost = host === undefined ? undefined : explainHost(host, exchange);
  const explainedRoute = route === undefined ? undefined : explainRoute(route.config, isImplicit);
  const answer = own === undefined ? undefined : explainAnswer(own, filters);
  return {
    request: {
      scheme: request.scheme,
      host: exchange.host,
      path: exchange.path === '' ? undefined : exchange.path,
      clientAddress: request.clientAddress,
    },
    host: explainedHost,
    route: explainedRoute,
    filters,
    answer,
    upstream,
    others:
      host === undefined
        ? []
        : [
            ...notChosenRoutes(host, { chosen: route?.config, path: exchange.path, isImplicit }),
            ...notChosenHosts(hosts, host, exchange.host),
            ...notChosenIngresses(exchange.host, { config, ingresses, findings }),
          ],
    findings: findingsConcerned(findings, {
      hostName: exchange.host,
      host: explainedHost,
      route: explainedRoute,
      namespace: route?.config.labels.namespace ?? '',
      ingresses,
      answer: outcomeOf(answer, filters),
    }),
  };
}

function createExchange(
  request: ExplainRequest,
  host: string,
  handshake: Decidable['handshake'],
): Decidable {
  const { scheme, method, authority, target, clientAddress } = request;
  return {
    scheme,
    method,
    authority,
    host,
    target,
    clientAddress,
    requestBody: NO_BODY,
    upgrade: false,
    path: '',
    query: '',
    upstreamTarget: target,
    hostTable: undefined,
    route: undefined,
    handshake,
  };
}

/** Of a client that has no certificate, should it be asked for one. */
function handshakeWith(serverName: string, table: Table): ClientHandshake {
  const fingerprint = table.host(serverName)?.config.clientVerification?.fingerprint;
  if (fingerprint === undefined) return { serverName, verdict: undefined };
  const verdict = new ClientVerdict({ fingerprint, problem: undefined, certificate: undefined });
  return { serverName, verdict };
}

/** Those that have the name, cover it, or serve what nobody has. */
function hostsFor({ virtualHosts }: ProxyConfig, name: string): readonly VirtualHost[] {
  const names = [...coveringNames(name), ''];
  return [...virtualHosts.values()].filter(
    (host) => names.includes(host.name) || host.aliases.some((alias) => names.includes(alias)),
  );
}

function createTable(config: ProxyConfig, hosts: readonly VirtualHost[], log: Logger): Table {
  const clusterIds = new Set(
    hosts.flatMap(({ routes }) =>
      routes.flatMap(({ action }) => (action.kind === 'forward' ? [action.cluster] : [])),
    ),
  );
  const clusters = [...config.clusters.values()].filter(({ id }) => clusterIds.has(id));
  const sets = new Set(clusters.map(({ endpointSet }) => endpointSet));
  const table = new Table(log);
  table.apply({
    version: 1,
    settings: config.settings,
    virtualHosts: { set: hosts, remove: [] },
    clusters: { set: clusters, remove: [] },
    endpointSets: {
      set: [...config.endpointSets.values()].filter(({ id }) => sets.has(id)),
      remove: [],
    },
    certificates: { set: [], remove: [] },
  });
  return table;
}

function explainHost(
  { name, aliases, certificate, passthrough }: VirtualHost,
  { host: asked, scheme }: Decidable,
): ExplainedHost {
  if (name === '') return { name, matchedBy: 'any other host', certificate };
  if (name === asked) {
    const isPassed = scheme === 'https' && passthrough !== undefined;
    const passed = isPassed ? { passthrough: passthrough.cluster } : {};
    return { name, matchedBy: 'name', certificate, ...passed };
  }
  const isAlias = aliases.includes(asked);
  return { name, matchedBy: isAlias ? 'alias' : 'wildcard', certificate };
}

function explainRoute(route: Route, isImplicit: IsImplicit): ExplainedRoute {
  const { match, labels } = route;
  const { namespace, ingress, service, servicePort } = labels;
  return {
    kind: match.kind,
    path: match.kind === 'pattern' ? match.pattern : match.path,
    ingress: ingress === '' ? '' : `${namespace}/${ingress}`,
    service: service === '' ? '' : `${service}:${servicePort}`,
    isImplicit: isImplicit(route),
  };
}

/** Those of the access phase are not asked while there is no endpoint (routing.md §8.3). */
function explainFilters(
  exchange: Decidable,
  upstream: ExplainedUpstream | undefined,
  own: OwnAnswer | undefined,
): readonly ExplainedFilter[] {
  const host: readonly FilterConfig[] = exchange.hostTable?.config.filters ?? [];
  const route: readonly FilterConfig[] = exchange.route?.config.filters ?? [];
  const explained: ExplainedFilter[] = [];
  for (const config of [...host, ...route]) {
    const filter = createFilter(config);
    if (filter.phase === 'access' && (upstream?.endpoints.length ?? 0) === 0) continue;
    const answer = filter.onRequest({ ...exchange });
    const isAnswering = answer !== undefined && answer.status === own?.status;
    // Over TLS it does nothing.
    if (config.kind === 'https-redirect' && exchange.scheme === 'https') continue;
    explained.push({ kind: config.kind, isAnswering });
    if (isAnswering) break;
  }
  return explained;
}

function explainAnswer(
  { status, failure, location }: OwnAnswer,
  filters: readonly ExplainedFilter[],
): ExplainedAnswer {
  const reason = failure ?? (isClosed(filters) ? 'closed on purpose' : statusText(status));
  return { status, reason, ...(location === undefined ? {} : { location }) };
}

function explainUpstream(
  { clusters, endpointSets }: ProxyConfig,
  route: Route | undefined,
  target: string,
): ExplainedUpstream | undefined {
  if (route?.action.kind !== 'forward') return undefined;
  const cluster = clusters.get(route.action.cluster);
  if (cluster === undefined) return undefined;
  const endpoints = endpointSets.get(cluster.endpointSet)?.endpoints ?? [];
  return {
    cluster: cluster.name,
    protocol: cluster.protocol,
    balancer: cluster.balancer.kind,
    target,
    endpoints: endpoints.map(({ address, port }) =>
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    ),
  };
}

function isClosed(filters: readonly ExplainedFilter[]): boolean {
  return filters.some(({ kind, isAnswering }) => kind === 'deny' && isAnswering);
}

function outcomeOf(
  answer: ExplainedAnswer | undefined,
  filters: readonly ExplainedFilter[],
): 'closed' | 'nowhere' | 'other' {
  if (isClosed(filters)) return 'closed';
  const isNowhere = answer?.reason === 'no route' || answer?.reason === 'no endpoint';
  return isNowhere ? 'nowhere' : 'other';
}
