import type { Passthrough, Route, VirtualHost } from '../model/config.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import { sslPassthrough } from './annotations/ssl-passthrough.ts';
import type { ClientVerificationResult } from './client-verification.ts';
import { passthroughLimits } from './configmap/stream-keys.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import { finding, quote } from './finding.ts';
import { valuesOf, type HostCore } from './host-core.ts';
import type { BackendUse } from './host-routes.ts';
import { textEntriesOf } from './loose.ts';
import type { HostClaim } from './parsed-ingress.ts';
import { isGuard, isOf, isOfOneNamespace, passthroughRefusal } from './passthrough-right.ts';
import type { Service } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';
import { oneOf } from './value-parsers.ts';
import type { HostResult } from './virtual-host.ts';

/** On a Service whose endpoints terminate TLS: which PROXY header they want first. */
export const PROXY_PROTOCOL_ANNOTATION = 'ts-nginx.io/proxy-protocol';

const VERSION = oneOf('v1', 'v2');

export interface PassthroughContext {
  readonly core: HostCore;
  /** Of the host's rule for `/`; undefined: it does not exist. */
  readonly service: Service | undefined;
  readonly global: GlobalSettings;
  readonly options: TranslateOptions;
  /** By Ingress: `Ingress shop/web`. */
  readonly clientVerifications: ReadonlyMap<string, ClientVerificationResult>;
}

/** The oldest Ingress of the host that says anything of it, where that asks for it. Source: routing.md §2.3. */
export function passthroughClaim({ claims }: HostCore): HostClaim | undefined {
  const asks = (claim: HostClaim): unknown => valuesOf(claim, sslPassthrough)['ssl-passthrough'];
  const first = claims.find((claim) => asks(claim) !== undefined);
  return first !== undefined && asks(first) === true ? first : undefined;
}

/**
 * The use of the Service behind the host's path `/`; an exact rule for it counts where there is no other. Of a host that
 * several namespaces share, only rules of the Ingress that asks count.
 */
export function rootUse(
  { virtualHosts: [host], uses }: HostResult,
  core: HostCore,
  claim: HostClaim,
): BackendUse | undefined {
  const isEligible = (route: Route): boolean =>
    isRoot(route) && (isOfOneNamespace(core) || isOf(claim, route.labels));
  const roots = host?.routes.filter(isEligible) ?? [];
  const useOf = ({ action }: Route): BackendUse | undefined =>
    action.kind === 'forward' ? uses.find(({ cluster }) => cluster === action.cluster) : undefined;
  const exact = roots.find(({ match }) => match.kind === 'exact');
  const broad = roots.find((route) => route !== exact);
  return (broad && useOf(broad)) ?? (exact && useOf(exact));
}

/**
 * A host one of whose Ingresses wants its TLS passed through: with what there is to say of it. A host without a Service there
 * stays as it is, and TLS ends here. Source: routing.md §16.
 */
export function passThrough(host: HostResult, context: PassthroughContext): HostResult {
  const claim = passthroughClaim(context.core);
  if (claim === undefined) return host;
  const { core, clientVerifications } = context;
  const use = rootUse(host, core, claim);
  const findings: Finding[] = [...host.findings];
  const report = (message: string, code: FindingCode = 'annotation-unsupported'): void => {
    const field = `metadata.annotations[${context.options.annotationsPrefix}/ssl-passthrough]`;
    findings.push(finding(code, claim.owner.object, field, message));
  };
  const unsupported = unsupportedHere(context);
  if (unsupported !== undefined) {
    report(`${unsupported.why}: TLS ends at the proxy. ${unsupported.remedy}`);
    return { ...host, findings };
  }
  const refusal = passthroughRefusal(claim, { core, host }, clientVerifications);
  if (refusal !== undefined) {
    const remedy = 'What is passed through needs a host of its own.';
    report(`${refusal}: TLS ends at the proxy. ${remedy}`, 'host-conflict');
    return { ...host, findings };
  }
  const missing = missingService(use, context);
  if (missing !== undefined) {
    report(`${missing.why}: TLS ends at the proxy. ${missing.remedy}`);
  }
  if (use === undefined || missing !== undefined) return { ...host, findings };
  const [own, ...others] = host.virtualHosts;
  if (own === undefined) return host;
  for (const message of reservations(own)) report(message);
  const passthrough = { ...limitsOf(use, context), ...proxyProtocolOf(use, context, report) };
  return {
    ...host,
    virtualHosts: [{ ...own, passthrough }, ...others],
    // Redirects and closed paths are not in the way of these connections.
    uses: host.uses.map((each) => (each === use ? { ...each, isReached: true } : each)),
    findings,
  };
}

/** Why the connections of a host are not passed through: a clause, and what helps: a sentence. */
interface Obstacle {
  readonly why: string;
  readonly remedy: string;
}

function unsupportedHere({ core, options }: PassthroughContext): Obstacle | undefined {
  if (options.sslPassthrough !== true) {
    return { why: 'TLS passthrough is off', remedy: 'It is on with --enable-ssl-passthrough.' };
  }
  if (core.host === '') {
    return {
      why: 'The Ingress names no host',
      remedy: 'Name those that are to be passed through.',
    };
  }
  if (core.host.startsWith('*.')) {
    return { why: `${core.host} is more than one host`, remedy: 'Name each of them.' };
  }
  return undefined;
}

function missingService(
  use: BackendUse | undefined,
  { core, service }: PassthroughContext,
): Obstacle | undefined {
  if (use === undefined) {
    const why = `No Service is behind the path "/" of ${core.host}`;
    return { why, remedy: 'Name the one that is to get the connections there.' };
  }
  if (service === undefined) {
    return { why: `The Service ${use.backend.serviceKey} does not exist`, remedy: 'Create it.' };
  }
  return undefined;
}

function limitsOf({ cluster }: BackendUse, { global }: PassthroughContext): Passthrough {
  const connectMs = global.values['proxy-connect-timeout'];
  return { cluster, connectMs, ...passthroughLimits(global.values) };
}

function proxyProtocolOf(
  { backend }: BackendUse,
  { service }: PassthroughContext,
  report: (message: string) => void,
): Pick<Passthrough, 'proxyProtocol'> {
  const annotations = new Map(textEntriesOf(service?.metadata.annotations));
  const text = annotations.get(PROXY_PROTOCOL_ANNOTATION)?.trim() ?? '';
  if (text === '') return {};
  const proxyProtocol = VERSION.parse(text);
  if (proxyProtocol !== undefined) return { proxyProtocol };
  const asked = `The annotation ${PROXY_PROTOCOL_ANNOTATION} of the Service ${backend.serviceKey}`;
  report(`${asked} says ${quote(text)}, not ${VERSION.syntax}: endpoints get no PROXY header.`);
  return {};
}

/** What is written for the host and does not hold for these connections. */
function reservations({ name, routes, filters, clientVerification }: VirtualHost): string[] {
  const messages: string[] = [];
  const others = routes.filter((route) => !isRoot(route)).map(({ labels }) => labels.path);
  if (others.length > 0) {
    const paths = [...new Set(others)].map(quote).join(', ');
    messages.push(
      `All TLS connections to ${name} go to the Service of "/": ${paths} gets plain requests alone. What is to be reached over TLS needs a host of its own.`,
    );
  }
  const guards = [...filters, ...routes.filter(isRoot).flatMap((route) => route.filters)];
  if (guards.some(isGuard) || clientVerification !== undefined) {
    messages.push(
      `The rules that say who may access ${name} hold for plain requests alone: its TLS connections are passed through, whoever they come from.`,
    );
  }
  return messages;
}

function isRoot({ labels }: Route): boolean {
  return labels.path === '/';
}
