import type { ProxyConfig, Route } from '../model/config.ts';
import type { FilterConfig } from '../model/filter-config.ts';
import type { Finding } from '../model/finding.ts';
import { implicitRoutes } from './implicit-route.ts';
import { judgeFindings, type JudgedFinding } from './judged-finding.ts';

/** An Ingress that is ours: something of it is served, or a finding says why not. */
export interface ListedIngress {
  /** `<namespace>/<name>` */
  readonly ingress: string;
  readonly hosts: readonly string[];
  /** How many it has, over all its hosts. */
  readonly paths: number;
  /** How many of them answer every request with an error: denied, or nowhere to go. */
  readonly closedPaths: number;
  /** `closed`: none of its paths is served; `partial`: something that it says is not in effect. */
  readonly state: IngressState;
  /** Worst first. */
  readonly findings: readonly JudgedFinding[];
}

export type IngressState = 'closed' | 'partial' | 'served';

interface Tally {
  readonly hosts: Set<string>;
  paths: number;
  closedPaths: number;
}

const PREFIX = 'Ingress ';
const SEVERITY = { closed: 0, partial: 1, served: 2 } as const satisfies Record<
  IngressState,
  number
>;

/** Worst first, then by namespace and name. */
export function listIngresses(
  config: ProxyConfig,
  findings: readonly Finding[],
): readonly ListedIngress[] {
  const tallies = tallyRoutes(config, findings);
  const findingsOf = Map.groupBy(
    findings.filter(({ object }) => object.startsWith(PREFIX)),
    ({ object }) => object.slice(PREFIX.length),
  );
  const keys = [...new Set([...tallies.keys(), ...findingsOf.keys()])].sort();
  return keys
    .map((ingress) => listIngress(ingress, tallies.get(ingress), findingsOf.get(ingress) ?? []))
    .sort((one, other) => SEVERITY[one.state] - SEVERITY[other.state]);
}

function listIngress(
  ingress: string,
  tally: Tally | undefined,
  own: readonly Finding[],
): ListedIngress {
  const { hosts = [], paths = 0, closedPaths = 0 } = tally ?? {};
  const findings = judgeFindings(own);
  const isWhole = closedPaths === 0 && findings.every(({ effect }) => effect === 'notice');
  const state = closedPaths === paths ? 'closed' : isWhole ? 'served' : 'partial';
  return { ingress, hosts: [...hosts], paths, closedPaths, state, findings };
}

/** A route that nobody wrote is nobody's path, unless the Ingress asks for the host alone. */
function tallyRoutes(
  config: ProxyConfig,
  findings: readonly Finding[],
): ReadonlyMap<string, Tally> {
  const isImplicit = implicitRoutes(findings);
  const tallies = new Map<string, Tally>();
  for (const { name, routes, filters } of config.virtualHosts.values()) {
    const isHostClosed = filters.some(isDeny);
    for (const route of routes) {
      const { namespace, ingress } = route.labels;
      if (ingress === '') continue;
      const key = `${namespace}/${ingress}`;
      const tally = tallies.get(key) ?? { hosts: new Set<string>(), paths: 0, closedPaths: 0 };
      tallies.set(key, tally);
      tally.hosts.add(name);
      if (routes.length > 1 && isImplicit(route)) continue;
      tally.paths += 1;
      if (isHostClosed || isClosed(route, config)) tally.closedPaths += 1;
    }
  }
  return tallies;
}

function isDeny({ kind }: FilterConfig): boolean {
  return kind === 'deny';
}

function isClosed({ action, filters }: Route, { clusters, endpointSets }: ProxyConfig): boolean {
  if (action.kind === 'respond' || filters.some(isDeny)) return true;
  const set = clusters.get(action.cluster)?.endpointSet ?? '';
  return (endpointSets.get(set)?.endpoints.length ?? 0) === 0;
}
