import type { Certificate, Route, VirtualHost } from '../model/config.ts';
import type { FilterConfig } from '../model/filter-config.ts';
import type { Finding } from '../model/finding.ts';
import { decideHostClients, type ClientVerificationResult } from './client-verification.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import { hstsValue } from './configmap/tls-keys.ts';
import type { EndpointTlsResult } from './endpoint-tls.ts';
import type { HostCertificate } from './host-certificate.ts';
import type { HostCore } from './host-core.ts';
import { translateHostRoutes, type BackendUse, type HostRoutes } from './host-routes.ts';

export interface HostInputs {
  readonly core: HostCore;
  /** Of the host itself; undefined: no Ingress gives it TLS. */
  readonly certificate: HostCertificate | undefined;
  /** Of `*.` and the rest of its name. */
  readonly parentCertificate: HostCertificate | undefined;
  /** Those that nobody else has. */
  readonly aliases: readonly string[];
  readonly global: GlobalSettings;
  readonly defaultCertificate: string;
  readonly hasDefaultBackend: boolean;
  readonly endpointTls: ReadonlyMap<string, EndpointTlsResult>;
  readonly clientVerifications: ReadonlyMap<string, ClientVerificationResult>;
}

/** Nobody can be made sure of, so nobody gets in, over TLS or not. */
const NO_CLIENTS: FilterConfig = { kind: 'deny', status: 403 };

export interface HostResult {
  /** The host, and apart from it those aliases that its certificate is not for. */
  readonly virtualHosts: readonly VirtualHost[];
  /** Its own. */
  readonly certificates: readonly Certificate[];
  readonly uses: readonly BackendUse[];
  readonly findings: readonly Finding[];
}

/** A host from all that is known of it. Sources: routing.md §7. */
export function translateHost(inputs: HostInputs): HostResult {
  const { core, certificate, parentCertificate, aliases, global } = inputs;
  const { hasDefaultBackend, endpointTls } = inputs;
  const presented = certificate ?? parentCertificate;
  const routesFor = (hostHasCertificate: boolean): HostRoutes =>
    translateHostRoutes(core, { global, hasDefaultBackend, endpointTls, hostHasCertificate });
  const clients = decideHostClients(core.claims, inputs.clientVerifications);
  const routes = routesFor(presented !== undefined);
  const isCovered = (alias: string): boolean =>
    certificate === undefined || certificate.covers(alias);
  const { verification } = clients;
  const host: VirtualHost = {
    name: core.host,
    aliases: aliases.filter(isCovered),
    matching: routes.matching,
    routes: closeOverruled(routes.routes, clients.closed),
    filters: verification === 'broken' ? [NO_CLIENTS, ...core.filters] : core.filters,
    certificate:
      certificate === undefined ? undefined : (certificate.own?.id ?? inputs.defaultCertificate),
    ...(certificate?.second === undefined ? {} : { secondCertificate: certificate.second.id }),
    ...(core.hostTls === undefined ? {} : { tls: core.hostTls }),
    hsts: presented?.isGenuine === true ? hstsValue(global.values) : undefined,
    ...(verification === undefined || verification === 'broken'
      ? {}
      : { clientVerification: verification }),
  };
  // The certificate is not for them, so none is theirs and plain requests stay plain.
  const uncovered = aliases.filter((alias) => !isCovered(alias));
  const plain =
    uncovered.length === 0 ? [] : closeOverruled(routesFor(false).routes, clients.closed);
  const unlike = { aliases: [], routes: plain, certificate: undefined, hsts: undefined };
  return {
    virtualHosts: [host, ...uncovered.map((name) => ({ ...host, ...unlike, name }))],
    certificates: [certificate?.own, certificate?.second].filter((each) => each !== undefined),
    uses: routes.uses,
    findings: [...routes.findings, ...(certificate?.findings ?? []), ...clients.findings],
  };
}

/** What an Ingress guards better than its host is: nobody gets in. */
function closeOverruled(routes: readonly Route[], closed: ReadonlySet<string>): readonly Route[] {
  if (closed.size === 0) return routes;
  return routes.map((route) => {
    const { namespace, ingress } = route.labels;
    const isClosed = closed.has(`Ingress ${namespace}/${ingress}`);
    return isClosed ? { ...route, filters: [NO_CLIENTS] } : route;
  });
}
