import type { Cluster, Route, RouteMatch, VirtualHost } from '../../src/model/config.ts';
import type { ConfigDelta } from '../../src/model/delta.ts';
import type { FilterContext } from '../../src/dataplane/filter.ts';
import { defaultBuffering, defaultRetry } from '../blackbox/harness/default-settings.ts';

const nothing = { set: [], remove: [] };

/** Changes what is named, and nothing else. */
export function sampleDelta(changes: Partial<ConfigDelta> = {}): ConfigDelta {
  return {
    version: 1,
    settings: undefined,
    virtualHosts: nothing,
    clusters: nothing,
    endpointSets: nothing,
    certificates: nothing,
    ...changes,
  };
}

export function sampleHost(changes: Partial<VirtualHost> = {}): VirtualHost {
  return {
    name: 'shop.example.com',
    aliases: [],
    matching: 'paths',
    routes: [],
    filters: [],
    certificate: undefined,
    hsts: undefined,
    ...changes,
  };
}

/** A route whose id is its kind and path: `prefix /foo`. It answers 404 unless `changes` says more. */
export function sampleRoute(match: RouteMatch, changes: Partial<Route> = {}): Route {
  const path = match.kind === 'pattern' ? match.pattern : match.path;
  return {
    id: `${match.kind} ${path}`,
    match,
    labels: { namespace: 'shop', ingress: 'web', service: 'web', servicePort: '80', path },
    filters: [],
    action: { kind: 'respond', status: 404 },
    timeouts: { connectMs: 5000, sendMs: 60_000, readMs: 60_000 },
    maxBodyBytes: 1_048_576,
    retry: defaultRetry,
    buffering: defaultBuffering,
    ...changes,
  };
}

export function sampleCluster(id: string, changes: Partial<Cluster> = {}): Cluster {
  return {
    id,
    name: id,
    endpointSet: id,
    statusWhenEmpty: 503,
    protocol: 'http',
    balancer: { kind: 'round-robin' },
    ...changes,
  };
}

/** A plaintext `GET http://shop.example.com:8080<target>`, whose path must be canonical already. */
export function sampleContext(target: string, changes: Partial<FilterContext> = {}): FilterContext {
  const mark = target.indexOf('?');
  return {
    scheme: 'http',
    method: 'GET',
    authority: 'Shop.example.com:8080',
    host: 'shop.example.com',
    target,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark),
    clientAddress: '192.0.2.7',
    upstreamTarget: target,
    ...changes,
  };
}
