import { PathTable } from '../dataplane/router/path-table.ts';
import { PatternTable } from '../dataplane/router/pattern-table.ts';
import type { ProxyConfig, Route, RouteMatch, VirtualHost } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { coveringNames } from './covering-names.ts';
import type { KnownIngress, NotChosen } from './explanation.ts';
import type { IsImplicit } from './implicit-route.ts';

/** More reasons than this help nobody. */
const MAX_ROUTES = 20;

interface Choice {
  readonly chosen: Route | undefined;
  readonly path: string;
  readonly isImplicit: IsImplicit;
}

/** The host's other routes that cover the path; where none does, all of them. Those that nobody wrote are not told. */
export function notChosenRoutes(
  host: VirtualHost,
  { chosen: taken, path, isImplicit }: Choice,
): readonly NotChosen[] {
  const chosen = taken === undefined || isImplicit(taken) ? undefined : taken;
  const others = host.routes.filter((route) => route !== chosen && !isImplicit(route));
  const covering = others.filter(({ match }) => covers(match, path));
  const shown = chosen === undefined ? others : covering;
  const reasons = shown.slice(0, MAX_ROUTES).map((route) => ({
    what: describe(route),
    why: chosen === undefined ? whyNotTaken(route.match, path) : whyBeaten(route, chosen),
  }));
  const hidden = shown.length - reasons.length;
  if (hidden > 0) reasons.push({ what: `${hidden} more paths of this host`, why: 'see /config' });
  return reasons;
}

/** Hosts that cover the name as well. */
export function notChosenHosts(
  hosts: readonly VirtualHost[],
  chosen: VirtualHost,
  name: string,
): readonly NotChosen[] {
  return hosts
    .filter((host) => host !== chosen && host.name !== '')
    .map((host) => ({
      what: `host ${host.name}`,
      why: host.name.startsWith('*.')
        ? `${name} is a host of its own, and what it has no path for does not fall through to the wildcard`
        : `its alias ${name} belongs to another host`,
    }));
}

interface Known {
  readonly config: ProxyConfig;
  readonly ingresses: readonly KnownIngress[];
  readonly findings: readonly Finding[];
}

/** Ingresses that name the host or a wildcard above it, and of which nothing is served there. */
export function notChosenIngresses(
  name: string,
  { config: { virtualHosts }, ingresses, findings }: Known,
): readonly NotChosen[] {
  const names = coveringNames(name);
  const routes = names.flatMap((each) => virtualHosts.get(each)?.routes ?? []);
  const served = new Set(routes.map(({ labels }) => `${labels.namespace}/${labels.ingress}`));
  return ingresses
    .filter(({ key, hosts }) => hosts.some((host) => names.includes(host)) && !served.has(key))
    .map((ingress) => {
      const what = `Ingress ${ingress.key}`;
      return {
        what,
        why: whyUnserved(
          ingress,
          findings.some(({ object }) => object === what),
        ),
      };
    });
}

function whyUnserved({ owner, className }: KnownIngress, hasFindings: boolean): string {
  const more = hasFindings ? '; what is to be fixed stands below' : '';
  switch (owner) {
    case 'unwatched':
      return 'its namespace is not watched';
    case 'another class':
      return className === undefined
        ? `it names no class, and such Ingresses are not served here${more}`
        : `it is of another class, ${JSON.stringify(className)}${more}`;
    case 'ours':
      return `it is of our class, and none of its paths is served on this host${more}`;
  }
}

function describe({ match, labels }: Route): string {
  const path = match.kind === 'pattern' ? match.pattern : match.path;
  const owner =
    labels.ingress === '' ? 'default backend' : `Ingress ${labels.namespace}/${labels.ingress}`;
  return `${owner}: ${match.kind} ${path}`;
}

function covers(match: RouteMatch, path: string): boolean {
  if (match.kind === 'pattern') {
    return new PatternTable([{ match, value: true }]).match(path) === true;
  }
  return new PathTable([{ match, value: true }]).match(path) === true;
}

function whyNotTaken(match: RouteMatch, path: string): string {
  if (covers(match, path))
    return 'it covers the path, but the request is answered before that counts';
  if (match.kind === 'exact') return 'its path is another';
  if (match.kind === 'pattern') return 'its pattern does not match from the start of the path';
  return path.startsWith(match.path)
    ? `a prefix covers whole segments: ${match.path} and ${match.path.replace(/\/$/, '')}/…`
    : 'the path does not begin with it';
}

function whyBeaten({ match }: Route, chosen: Route): string {
  const winner = chosen.match;
  if (match.kind === 'pattern' || winner.kind === 'pattern') {
    return 'a host with regular expressions tries its paths in order, longest text first, and an earlier one matches';
  }
  if (winner.kind === 'exact') return 'an exact path wins over a prefix';
  return 'a longer prefix covers the path';
}
