import type { HostTls } from '../model/config.ts';
import type { FilterConfig } from '../model/filter-config.ts';
import type { Finding } from '../model/finding.ts';
import { isAnySet, type Feature, type HostDraft, type Values } from './annotations/feature.ts';
import { features } from './annotations/index.ts';
import { finding } from './finding.ts';
import { wildcardParent } from './host-name.ts';
import type { HostClaim, TlsClaim } from './parsed-ingress.ts';

/** What the Ingresses of a host say of it as a whole; nothing else is looked at. */
export interface HostCore {
  readonly host: string;
  /** `*.` and the rest of its name. */
  readonly wildcardParent: string | undefined;
  /** Oldest first. */
  readonly claims: readonly HostClaim[];
  readonly filters: readonly FilterConfig[];
  /** As wished: a host of that name, or an older claim to it, wins. */
  readonly aliases: readonly string[];
  readonly hostTls: HostTls | undefined;
  /** The claim that wishes for them. */
  readonly aliasClaim: HostClaim | undefined;
  /** The claim that decides about TLS. */
  readonly tls: (TlsClaim & { readonly claim: HostClaim }) | undefined;
  readonly findings: readonly Finding[];
}

const hostFeatures = features.filter((feature) => feature.applyToVirtualHost !== undefined);

/** Each host-wide setting comes from the oldest Ingress of the host that has it. Source: routing.md §2.3. */
export function decideHostCore(host: string, claims: readonly HostClaim[]): HostCore {
  const findings: Finding[] = [];
  let draft: HostDraft = { aliases: [], filters: [] };
  let aliasClaim: HostClaim | undefined;
  for (const feature of hostFeatures) {
    const setters = claims.filter((claim) => isAnySet(valuesOf(claim, feature)));
    const [first] = setters;
    if (first === undefined) continue;
    const next = feature.applyToVirtualHost?.(draft, valuesOf(first, feature)) ?? draft;
    if (next.aliases !== draft.aliases) aliasClaim = first;
    draft = next;
    findings.push(...reportLosers(first, setters.slice(1), feature));
  }
  const isClosed = claims.some(({ owner }) => owner.annotations.standing === 'closes-host');
  return {
    host,
    wildcardParent: wildcardParent(host),
    claims,
    filters: isClosed ? [{ kind: 'deny', status: 503 }] : draft.filters,
    aliases: host === '' ? [] : draft.aliases.filter((alias) => alias !== host),
    aliasClaim,
    hostTls: draft.tls,
    tls: decideTls(claims, findings),
    findings,
  };
}

/** Oldest first; of the same second by namespace and name. Source: routing.md §2. */
export function sortByAge(claims: HostClaim[]): readonly HostClaim[] {
  return claims.length < 2 ? claims : claims.sort(compareAge);
}

export function compareAge({ owner: a }: HostClaim, { owner: b }: HostClaim): number {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs < b.createdAtMs ? -1 : 1;
  return a.object < b.object ? -1 : a.object > b.object ? 1 : 0;
}

export function valuesOf({ owner }: HostClaim, feature: Feature): Values<Record<string, unknown>> {
  return owner.annotations.values.get(feature) ?? {};
}

function reportLosers(
  first: HostClaim,
  others: readonly HostClaim[],
  feature: Feature,
): readonly Finding[] {
  const wanted = JSON.stringify(valuesOf(first, feature));
  return others
    .filter((claim) => JSON.stringify(valuesOf(claim, feature)) !== wanted)
    .map(({ owner, host }) => {
      const names = Object.keys(feature.annotations).join(', ');
      const message = `The older ${first.owner.object} sets ${names} for the host ${host} already: what this Ingress says of it has no effect there. Remove it from one of them.`;
      return finding('host-conflict', owner.object, 'metadata.annotations', message);
    });
}

function decideTls(claims: readonly HostClaim[], findings: Finding[]): HostCore['tls'] {
  const [first, ...others] = claims.flatMap((claim) =>
    claim.tls === undefined ? [] : [{ ...claim.tls, claim }],
  );
  if (first === undefined) return undefined;
  for (const { secrets, claim } of others) {
    if (secrets.every((secret) => first.secrets.includes(secret))) continue;
    const message = `The older ${first.claim.owner.object} decides about the certificate of the host ${claim.host}: the Secret named here is not used for it. Name the same one in both.`;
    findings.push(finding('host-conflict', claim.owner.object, 'spec.tls', message));
  }
  return first;
}
