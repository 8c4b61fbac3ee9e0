import type { Engine } from './engine.ts';
import type { Answer, Filter, FilterContext } from './filter.ts';
import { normaliseTarget } from './normalise-path.ts';
import type { ClientHandshake } from './origin.ts';
import type { CompiledRoute, HostTable } from './table.ts';

/** What the way through the table finds out about an exchange. */
export interface Decidable extends FilterContext {
  /** NO_BODY, CHUNKED or a length in bytes. */
  readonly requestBody: number;
  path: string;
  query: string;
  hostTable: HostTable | undefined;
  route: CompiledRoute | undefined;
  /** It asks for a WebSocket. */
  readonly upgrade: boolean;
  readonly handshake: ClientHandshake;
}

/** What of the engine has a say. */
export interface DecidingParts extends Pick<Engine, 'table' | 'pressure'> {
  readonly stats: Pick<Engine['stats'], 'limitTripped'>;
}

export interface OwnAnswer extends Answer {
  /** For the log; undefined where the answer is what somebody configured. */
  readonly failure?: string;
  readonly allow?: string;
  readonly retryAfterSeconds?: number;
  /** No page: the answer is its status. */
  readonly isEmpty?: boolean;
  /** Beside the status, in place of its usual text; HTML as it stands. */
  readonly title?: string;
  /** In place of the page; HTML as it stands. */
  readonly text?: string;
}

const BLOCKED: OwnAnswer = { status: 403, failure: 'client address is blocked' };
const OVERLOADED: OwnAnswer = {
  status: 503,
  failure: 'not enough memory',
  retryAfterSeconds: 5,
  closes: true,
};
const METHOD_REFUSED: OwnAnswer = {
  status: 405,
  failure: 'method is not served',
  allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
};
const BAD_PATH: OwnAnswer = { status: 400, failure: 'path is not valid', closes: true };
const NO_ROUTE: OwnAnswer = { status: 404, failure: 'no route' };
const TOO_LARGE: OwnAnswer = { status: 413, failure: 'request body too large' };
export const NO_ENDPOINT: OwnAnswer = { status: 503, failure: 'no endpoint' };
const NOT_OVER_TLS: OwnAnswer = { status: 403, failure: 'plaintext where clients are verified' };
const HEALTHY: OwnAnswer = { status: 200, isEmpty: true };
const STATUS_REFUSED: OwnAnswer = { status: 403, failure: 'status page is not served' };
const STATUS_PATH = '/nginx_status';

/**
 * From a parsed head to a route with an endpoint (undefined), or to the answer that the proxy gives by itself.
 * The order is that of routing.md: who, what, host, route, size, early filters, endpoints, access filters.
 */
export function decide(
  exchange: Decidable,
  { table, stats, pressure }: DecidingParts,
): OwnAnswer | undefined {
  if (pressure === 'critical') {
    stats.limitTripped('overload');
    return OVERLOADED;
  }
  if (table.blockedClients.matches(exchange.clientAddress)) return BLOCKED;
  if (exchange.method === 'CONNECT' || exchange.method === 'TRACE') return METHOD_REFUSED;
  const normal = normaliseTarget(exchange.target);
  if (normal === undefined) return BAD_PATH;
  exchange.path = normal.path;
  exchange.query = normal.query;

  const host = table.host(exchange.host);
  exchange.hostTable = host;
  const answer =
    host === undefined
      ? undefined
      : (checkClient(host, exchange) ?? runFilters(host.filters, exchange));
  if (answer !== undefined) return answer;
  const { path } = exchange;
  const route = host?.match(path === '*' ? '/' : path);
  if (host === undefined || host.config.name === '') {
    const special = specialAnswer(path, route, table.settings.healthPath);
    if (special !== undefined) return special;
  }
  if (route === undefined) return NO_ROUTE;
  exchange.route = route;
  const { maxBodyBytes } = route.config;
  if (maxBodyBytes !== 'none' && exchange.requestBody > maxBodyBytes) {
    stats.limitTripped('request-body');
    return TOO_LARGE;
  }
  return takeRoute(exchange, route);
}

/** Who is to show a certificate and has none gets no further than to a page that says so, or to TLS. */
function checkClient(host: HostTable, exchange: Decidable): OwnAnswer | undefined {
  const decision = host.guard?.decide(exchange) ?? 'passes';
  if (decision === 'passes') return undefined;
  if (decision === 'plaintext') {
    const route = host.match(exchange.path === '*' ? '/' : exchange.path);
    exchange.route = route;
    return route?.toTls?.onRequest(exchange) ?? NOT_OVER_TLS;
  }
  if (decision.kind === 'answer') return decision.answer;
  exchange.path = decision.path;
  exchange.query = '';
  exchange.upstreamTarget = decision.path;
  return undefined;
}

function takeRoute(exchange: Decidable, route: CompiledRoute): OwnAnswer | undefined {
  const early = runFilters(route.early, exchange);
  if (early !== undefined) return early;
  const { action } = route.config;
  if (action.kind === 'respond') return action.status === 404 ? NO_ROUTE : NO_ENDPOINT;
  const { cluster } = route;
  if (cluster === undefined) return NO_ENDPOINT;
  if (cluster.size === 0) return cluster.config.statusWhenEmpty === 404 ? NO_ROUTE : NO_ENDPOINT;
  return runFilters(route.access, exchange);
}

function runFilters(filters: readonly Filter[], exchange: FilterContext): Answer | undefined {
  for (const filter of filters) {
    const answer = filter.onRequest(exchange);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** On hosts that nobody defines, two paths answer for the proxy itself unless an Ingress names them (routing.md §6.3). */
function specialAnswer(
  path: string,
  route: CompiledRoute | undefined,
  healthPath: string,
): OwnAnswer | undefined {
  if (path !== healthPath && path !== STATUS_PATH) return undefined;
  const match = route?.config.match;
  if (match !== undefined && match.kind !== 'pattern' && match.path === path) return undefined;
  return path === healthPath ? HEALTHY : STATUS_REFUSED;
}
