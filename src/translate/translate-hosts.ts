import type { Certificate, VirtualHost } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { parseCertificate, type CertificateResult } from './certificate.ts';
import type { ClientVerificationResult } from './client-verification.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import type { EndpointTlsResult } from './endpoint-tls.ts';
import { finding } from './finding.ts';
import {
  decideHostCertificate,
  type DefaultCertificate,
  type HostCertificate,
} from './host-certificate.ts';
import { compareAge, decideHostCore, sortByAge, type HostCore } from './host-core.ts';
import type { BackendUse } from './host-routes.ts';
import type { Memory } from './memory.ts';
import type { HostClaim, ParsedIngress } from './parsed-ingress.ts';
import type { ObjectKey, Snapshot } from './snapshot.ts';
import { passThrough, passthroughClaim, rootUse } from './passthrough.ts';
import type { TranslateOptions } from './translate-options.ts';
import { translateHost, type HostResult } from './virtual-host.ts';

export interface HostsContext {
  readonly memory: Memory;
  readonly snapshot: Snapshot;
  readonly global: GlobalSettings;
  readonly options: TranslateOptions;
  readonly defaultCertificate: DefaultCertificate;
  readonly hasDefaultBackend: boolean;
  /** By Ingress: `Ingress shop/web`. */
  readonly endpointTls: ReadonlyMap<string, EndpointTlsResult>;
  /** The same. */
  readonly clientVerifications: ReadonlyMap<string, ClientVerificationResult>;
}

export interface HostsResult {
  readonly virtualHosts: ReadonlyMap<string, VirtualHost>;
  /** Those that some host presents. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly uses: readonly (readonly BackendUse[])[];
  readonly findings: readonly (readonly Finding[])[];
}

/** Every host from all claims to it; the one without a name is always there. */
export function translateHosts(
  ingresses: readonly ParsedIngress[],
  context: HostsContext,
): HostsResult {
  const cores = gatherCores(ingresses, context.memory);
  const certificates = decideCertificates(cores, context);
  const aliases = assignAliases(cores);
  const result = {
    virtualHosts: new Map<string, VirtualHost>(),
    certificates: new Map<string, Certificate>(),
    uses: [] as (readonly BackendUse[])[],
    findings: [] as (readonly Finding[])[],
  };
  for (const core of cores) {
    const { own = [], lost = [] } = aliases.get(core.host) ?? {};
    const certificate = certificates.get(core.host);
    const parentCertificate = certificates.get(core.wildcardParent ?? '');
    const terminated = translateCore(core, { certificate, parentCertificate, own }, context);
    const host = withPassthrough(terminated, core, context);
    for (const each of host.virtualHosts) result.virtualHosts.set(each.name, each);
    for (const each of host.certificates) result.certificates.set(each.id, each);
    result.uses.push(host.uses);
    if (core.findings.length > 0) result.findings.push(core.findings);
    if (host.findings.length > 0) result.findings.push(host.findings);
    if (lost.length > 0) result.findings.push(reportAliases(core, lost, context.memory));
  }
  return result;
}

interface CoreNeighbours {
  readonly certificate: HostCertificate | undefined;
  readonly parentCertificate: HostCertificate | undefined;
  /** Its aliases, as far as nobody else has them. */
  readonly own: readonly string[];
}

/** A host as if its TLS ended here. */
export function translateCore(
  core: HostCore,
  { certificate, parentCertificate, own }: CoreNeighbours,
  context: HostsContext,
): HostResult {
  const { memory, global, hasDefaultBackend, endpointTls, clientVerifications } = context;
  const defaultCertificate = context.defaultCertificate.certificate.id;
  const inputs: unknown[] = [core, certificate, parentCertificate, own.join()];
  inputs.push(global, defaultCertificate);
  for (const { owner } of core.claims) {
    inputs.push(endpointTls.get(owner.object), clientVerifications.get(owner.object));
  }
  return memory.hosts.get(core.host, inputs, () =>
    translateHost({
      core,
      certificate,
      parentCertificate,
      aliases: own,
      global,
      defaultCertificate,
      hasDefaultBackend,
      endpointTls,
      clientVerifications,
    }),
  );
}

/** Its Service is looked at in each pass: whether it exists decides where TLS ends. */
function withPassthrough(host: HostResult, core: HostCore, context: HostsContext): HostResult {
  const claim = passthroughClaim(core);
  if (claim === undefined) return host;
  const { memory, snapshot, global, options, clientVerifications } = context;
  const service = snapshot.services.get(rootUse(host, core, claim)?.backend.serviceKey ?? '');
  const inputs: unknown[] = [host, core, service, global];
  for (const { owner } of core.claims) inputs.push(clientVerifications.get(owner.object));
  return memory.passthroughHosts.get(core.host, inputs, () =>
    passThrough(host, { core, service, global, options, clientVerifications }),
  );
}

function gatherCores(ingresses: readonly ParsedIngress[], memory: Memory): readonly HostCore[] {
  const claims = new Map<string, HostClaim[]>([['', []]]);
  for (const ingress of ingresses) {
    for (const claim of ingress.claims) {
      const known = claims.get(claim.host);
      if (known === undefined) claims.set(claim.host, [claim]);
      else known.push(claim);
    }
  }
  const cores: HostCore[] = [];
  for (const [host, unsorted] of claims) {
    const sorted = sortByAge(unsorted);
    cores.push(memory.cores.get(host, sorted, () => decideHostCore(host, sorted)));
  }
  return cores;
}

/** For every host with TLS of its own. */
function decideCertificates(
  cores: readonly HostCore[],
  context: HostsContext,
): ReadonlyMap<string, HostCertificate> {
  const decided = new Map<string, HostCertificate>();
  for (const core of cores) {
    const certificate = decideCertificate(core, context);
    if (certificate !== undefined) decided.set(core.host, certificate);
  }
  return decided;
}

/** Undefined: the host has no TLS of its own. */
export function decideCertificate(
  core: HostCore,
  { memory, snapshot, defaultCertificate }: HostsContext,
): HostCertificate | undefined {
  if (core.tls === undefined) return undefined;
  const resultOf = (key: ObjectKey): CertificateResult | undefined => {
    const secret = snapshot.secrets.get(key);
    if (secret === undefined) return undefined;
    return memory.secrets.get(key, [secret], () => parseCertificate(secret));
  };
  const inputs = [core, defaultCertificate, ...core.tls.secrets.map(resultOf)];
  return memory.certificates.get(core.host, inputs, () =>
    decideHostCertificate(core, resultOf, defaultCertificate),
  );
}

interface AliasDecision {
  readonly own: readonly string[];
  /** Wished for, and another's. */
  readonly lost: readonly string[];
}

const NO_ALIASES: ReadonlyMap<string, AliasDecision> = new Map();

/** A host of that name wins over an alias, and the older alias over the younger one. */
function assignAliases(cores: readonly HostCore[]): ReadonlyMap<string, AliasDecision> {
  const wishes: { readonly core: HostCore; readonly claim: HostClaim }[] = [];
  for (const core of cores) {
    if (core.aliases.length > 0 && core.aliasClaim !== undefined) {
      wishes.push({ core, claim: core.aliasClaim });
    }
  }
  wishes.sort((a, b) => compareAge(a.claim, b.claim) || (a.core.host < b.core.host ? -1 : 1));
  if (wishes.length === 0) return NO_ALIASES;
  const taken = new Set(cores.map(({ host }) => host));
  const decisions = new Map<string, AliasDecision>();
  for (const { core } of wishes) {
    const own: string[] = [];
    const lost: string[] = [];
    for (const alias of core.aliases) (taken.has(alias) ? lost : own).push(alias);
    for (const alias of own) taken.add(alias);
    decisions.set(core.host, { own, lost });
  }
  return decisions;
}

function reportAliases(
  { host, aliasClaim }: HostCore,
  lost: readonly string[],
  memory: Memory,
): readonly Finding[] {
  if (aliasClaim === undefined) return [];
  return memory.findings.get(`alias ${host}`, [aliasClaim, lost.join()], () =>
    lost.map((alias) =>
      finding(
        'host-conflict',
        aliasClaim.owner.object,
        'metadata.annotations',
        `The alias ${alias} of ${host} is a host of its own, or an older alias: it is not served from here. Remove it here, or there.`,
      ),
    ),
  );
}
