import type { Route, RouteAction, RouteMatch } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import type { RouteContext, RouteDraft, RouteKind } from './annotations/feature.ts';
import { features } from './annotations/index.ts';
import { clusterId, type Backend, type ClusterUse, type ServiceBackend } from './backend.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import { retryPolicy, routeBuffering } from './configmap/route-keys.ts';
import { defaultBackendId } from './default-backend.ts';
import type { EndpointTlsResult } from './endpoint-tls.ts';
import { finding } from './finding.ts';
import { valuesOf, type HostCore } from './host-core.ts';
import { matchPatterns } from './host-patterns.ts';
import type { HostClaim, RuleClaim } from './parsed-ingress.ts';
import { CLOSED } from './closed.ts';

/** A Service port that some route sends to. */
export interface BackendUse {
  readonly cluster: string;
  readonly backend: ServiceBackend;
  readonly use: ClusterUse;
  /** Who named it, and where: for findings. */
  readonly object: string;
  readonly field: string;
  /** Requests get there: no redirect and no closed path is in the way. */
  readonly isReached: boolean;
}

export interface HostRoutes {
  readonly matching: 'paths' | 'patterns';
  readonly routes: readonly Route[];
  readonly uses: readonly BackendUse[];
  readonly findings: readonly Finding[];
}

export interface RoutesContext {
  readonly global: GlobalSettings;
  readonly hostHasCertificate: boolean;
  readonly hasDefaultBackend: boolean;
  /** By Ingress: `Ingress shop/web`. */
  readonly endpointTls: ReadonlyMap<string, EndpointTlsResult>;
}

/** A rule that has won its host and path, with all that its annotations make of it. */
export interface RouteEntry {
  readonly claim: HostClaim | undefined;
  readonly kind: RouteKind;
  readonly match: 'exact' | 'prefix';
  readonly path: string;
  readonly backend: Backend | undefined;
  /** Of the rule, in its Ingress. */
  readonly field: string;
  readonly draft: RouteDraft;
}

/** The routes of one host, from all its Ingresses. Sources: routing.md §2, §4, §5, §6. */
export function translateHostRoutes(core: HostCore, context: RoutesContext): HostRoutes {
  const findings: Finding[] = [];
  const owned = ownRules(core, findings);
  const entries = owned.map(({ claim, rule }) => createEntry({ ...rule, claim }, context));
  if (!owned.some(({ rule }) => rule.match === 'prefix' && rule.path === '/')) {
    entries.push(createEntry(implicitRoot(core, context), context));
  }
  for (const { claim, backend, field } of entries) {
    if (backend?.kind === 'resource') findings.push(reportResource(claim, field));
  }
  const isPatternHost = entries.some(({ draft }) => draft.isPattern);
  const matched = isPatternHost
    ? matchPatterns(entries, findings)
    : entries.map((entry) => ({ entry, match: matchPath(entry) }));
  return {
    matching: isPatternHost ? 'patterns' : 'paths',
    routes: matched.map(({ entry, match }) => createRoute(entry, match)),
    uses: usesOf(matched.map(({ entry }) => entry)),
    findings,
  };
}

interface OwnedRule {
  readonly claim: HostClaim;
  readonly rule: RuleClaim;
}

/** The first claim to a path and path type has it. */
function ownRules({ host, claims }: HostCore, findings: Finding[]): readonly OwnedRule[] {
  const owned = new Map<string, OwnedRule>();
  for (const claim of claims) {
    for (const rule of claim.rules) {
      const key = `${rule.match} ${rule.path}`;
      const owner = owned.get(key);
      if (owner === undefined) {
        owned.set(key, { claim, rule });
        continue;
      }
      const where = host === '' ? 'without a host' : `of the host ${host}`;
      const older =
        owner.claim === claim
          ? 'An earlier rule'
          : `The ${owner.claim.owner.object}, which goes before,`;
      const message = `${older} has the path ${rule.path} ${where}: this one gets no requests. Remove one of the two.`;
      findings.push(finding('path-conflict', claim.owner.object, rule.field, message));
    }
  }
  return [...owned.values()];
}

type EntrySeed = Omit<RouteEntry, 'draft'>;

/**
 * `/` of a host without a rule for it: the default backend of the Ingress that introduced the host, which is as good as a
 * rule; else that of the whole proxy, with nothing but access control and the way to TLS of that Ingress.
 */
function implicitRoot({ claims }: HostCore, { hasDefaultBackend }: RoutesContext): EntrySeed {
  const [claim] = claims;
  const backend = claim?.fallback;
  const isUnknownHost = claim === undefined && !hasDefaultBackend;
  return {
    claim,
    kind: backend !== undefined ? 'rule' : isUnknownHost ? 'not-found' : 'implicit-root',
    match: 'prefix',
    path: '/',
    backend: backend ?? (hasDefaultBackend ? { kind: 'default' } : undefined),
    field: 'spec.defaultBackend',
  };
}

function reportResource(claim: HostClaim | undefined, field: string): Finding {
  const message =
    'Only Services are served, and this backend is a resource: requests are answered 404. Name a Service.';
  const object = claim?.owner.object ?? '';
  return finding('backend-resource-unsupported', object, field, message);
}

function createEntry(seed: EntrySeed, context: RoutesContext): RouteEntry {
  const { claim, kind, path } = seed;
  const { global, hostHasCertificate } = context;
  const endpointTls = context.endpointTls.get(claim?.owner.object ?? '');
  const routeContext: RouteContext = { kind, path, global, hostHasCertificate, endpointTls };
  let draft = defaultDraft(global);
  for (const feature of features) {
    if (feature.applyToRoute === undefined || !(feature.routes ?? ['rule']).includes(kind))
      continue;
    const values = claim === undefined ? {} : valuesOf(claim, feature);
    draft = feature.applyToRoute(draft, values, routeContext);
  }
  const standing = claim?.owner.annotations.standing ?? 'served';
  const isClosed = standing !== 'served' || draft.filters.some(({ kind }) => kind === 'deny');
  return { ...seed, draft: isClosed ? { ...draft, filters: [CLOSED] } : draft };
}

const defaultDrafts = new WeakMap<GlobalSettings, RouteDraft>();

/** The same for all routes, so that each has the parts that its annotations do not change in common with all others. */
function defaultDraft(global: GlobalSettings): RouteDraft {
  const known = defaultDrafts.get(global);
  if (known !== undefined) return known;
  const { values } = global;
  const draft: RouteDraft = {
    filters: [],
    timeouts: {
      connectMs: values['proxy-connect-timeout'],
      sendMs: values['proxy-send-timeout'],
      readMs: values['proxy-read-timeout'],
    },
    maxBodyBytes: values['proxy-body-size'],
    retry: retryPolicy(values),
    buffering: routeBuffering(values),
    protocol: 'http',
    tls: undefined,
    balancing: { algorithm: values['load-balance'], hash: undefined, session: undefined },
    serviceUpstream: undefined,
    isPattern: false,
  };
  defaultDrafts.set(global, draft);
  return draft;
}

function matchPath({ match, path }: RouteEntry): RouteMatch {
  return { kind: match, path };
}

function createRoute(entry: RouteEntry, match: RouteMatch): Route {
  const { claim, path, backend, draft } = entry;
  const service = backend?.kind === 'service' ? backend : undefined;
  const cookie = draft.balancing.session?.cookie;
  return {
    id: match.kind === 'pattern' ? `pattern ${match.pattern}` : `${match.kind} ${match.path}`,
    match,
    labels: {
      namespace: claim?.owner.namespace ?? '',
      ingress: claim?.owner.name ?? '',
      service: service?.service ?? '',
      servicePort: service?.port ?? '',
      path,
    },
    filters: draft.filters,
    action: actionOf(backend, draft),
    timeouts: draft.timeouts,
    maxBodyBytes: draft.maxBodyBytes,
    retry: draft.retry,
    buffering: draft.buffering,
    ...(cookie === undefined ? {} : { sessionCookie: cookie }),
  };
}

function actionOf(backend: Backend | undefined, use: ClusterUse): RouteAction {
  switch (backend?.kind) {
    case 'service':
      return { kind: 'forward', cluster: clusterId(backend, use) };
    case 'default':
      return { kind: 'forward', cluster: defaultBackendId };
    case 'resource':
    case undefined:
      return { kind: 'respond', status: 404 };
  }
}

/** One a cluster. */
function usesOf(entries: readonly RouteEntry[]): readonly BackendUse[] {
  const uses = new Map<string, BackendUse>();
  for (const { claim, backend, field, draft } of entries) {
    if (claim === undefined || backend?.kind !== 'service') continue;
    const { protocol, tls, balancing, serviceUpstream } = draft;
    const { object } = claim.owner;
    const cluster = clusterId(backend, draft);
    const key = `${object} ${cluster}`;
    const isReached = !draft.filters.some(({ kind }) => kind === 'deny' || kind === 'redirect');
    if (uses.get(key)?.isReached !== true && (isReached || !uses.has(key))) {
      const use = { protocol, tls, balancing, serviceUpstream };
      uses.set(key, { cluster, backend, use, object, field, isReached });
    }
  }
  return [...uses.values()];
}
