import { isDeepStrictEqual } from 'node:util';
import type { EndpointSet, ProxyConfig, VirtualHost } from '../model/config.ts';
import { patchMap } from '../model/patched-map.ts';
import { createIngressSelection } from './class-selection.ts';
import type { ConfigMapResult } from './configmap/global-settings.ts';
import { decideHostCore, sortByAge, type HostCore } from './host-core.ts';
import { isSameList } from './memo.ts';
import type { Memory } from './memory.ts';
import { parseOnce } from './parse-once.ts';
import type { HostClaim, ParsedIngress } from './parsed-ingress.ts';
import { passthroughClaim } from './passthrough.ts';
import type { Change, ChangeJournal, Ingress, ObjectKey, Snapshot } from './snapshot.ts';
import type { BackendsResult } from './translate-backends.ts';
import { decideCertificate, translateCore, type HostsContext } from './translate-hosts.ts';
import type { TranslateOptions } from './translate-options.ts';
import type { TranslateResult } from './translate-result.ts';

/** A translation that was made, with what the next one may begin from. */
export interface MadeTranslation {
  readonly result: TranslateResult;
  readonly configMap: ConfigMapResult;
  readonly hosts: HostsContext;
  readonly backends: BackendsResult;
}

/** The last translation, and the state of the objects that it is of. */
export interface LastTranslation extends MadeTranslation {
  readonly journal: ChangeJournal;
  readonly revision: number;
  /** When a certificate expires, as `notAfter`; undefined: never. */
  readonly expiresAt: string | undefined;
}

/** Call it with every whole translation. What depends on all objects at once is only ever made whole. */
export function rememberTranslation(
  { journal }: Snapshot,
  { now }: TranslateOptions,
  made: MadeTranslation,
): LastTranslation | undefined {
  const { config, references } = made.result;
  const closesAll = made.configMap.findings.some(({ code }) => code === 'guard-not-honoured');
  if (journal === undefined || references.samples !== undefined || closesAll) return undefined;
  const expiresAt = now === undefined ? undefined : firstAfter(timeOf(now), config.certificates);
  return { ...made, journal, revision: journal.revision, expiresAt };
}

/**
 * What `translate` makes of the objects, found from the last translation and what changed since: endpoints of Services, and
 * Ingresses that say another thing of the same hosts. Undefined: the changes may have other consequences, such as another
 * finding, a Service that is used for the first time, or a certificate, and only a whole translation tells.
 *
 * A cluster of 20,000 Ingresses sees such changes several times a second, and each costs as much as among ten.
 */
export function translateChanges(
  snapshot: Snapshot,
  options: TranslateOptions,
  memory: Memory,
): TranslateResult | undefined {
  const { last } = memory;
  if (last === undefined || last.journal !== snapshot.journal) return undefined;
  const { expiresAt, journal } = last;
  const { now } = options;
  const isExpired = now !== undefined && expiresAt !== undefined && timeOf(now) >= expiresAt;
  const changes = isExpired ? undefined : journal.since(last.revision);
  const renewed = changes && new Renewal(last, { ...last.hosts, snapshot }).apply(changes);
  if (renewed === undefined) return undefined;
  memory.last = { ...last, result: renewed, revision: journal.revision };
  return renewed;
}

class Renewal {
  readonly #last: LastTranslation;
  readonly #context: HostsContext;
  readonly #virtualHosts = new Map<string, VirtualHost>();
  readonly #endpointSets = new Map<string, EndpointSet>();
  #served: readonly Ingress[];

  constructor(last: LastTranslation, context: HostsContext) {
    this.#last = last;
    this.#context = context;
    this.#served = last.result.ingresses.served;
  }

  /** Undefined as soon as one of them can't be done so. */
  apply(changes: readonly Change[]): TranslateResult | undefined {
    const { result } = this.#last;
    const ingresses = new Map<ObjectKey, Ingress | undefined>();
    for (const change of changes) {
      if (change.kind === 'other') return undefined;
      if (change.kind === 'endpoint-slices') {
        if (!this.#renewEndpoints(change.service)) return undefined;
      } else if (!ingresses.has(change.key)) ingresses.set(change.key, change.before);
    }
    for (const [key, before] of ingresses) {
      const now = this.#context.snapshot.ingresses.get(key);
      if (before === undefined || now === undefined) return undefined;
      if (!this.#renewIngress(before, now)) return undefined;
    }
    const config: ProxyConfig = {
      ...result.config,
      virtualHosts: patchMap(result.config.virtualHosts, this.#virtualHosts),
      endpointSets: patchMap(result.config.endpointSets, this.#endpointSets),
    };
    return { ...result, config, ingresses: { ...result.ingresses, served: this.#served } };
  }

  #renewEndpoints(service: ObjectKey): boolean {
    const slices = this.#context.snapshot.endpointSlices.get(service);
    const sets = this.#last.backends.renew(service, slices);
    for (const set of sets ?? []) {
      if (this.#last.result.config.endpointSets.get(set.id) !== set) {
        this.#endpointSets.set(set.id, set);
      }
    }
    return sets !== undefined;
  }

  #renewIngress(before: Ingress, now: Ingress): boolean {
    const { snapshot, options } = this.#context;
    const ownerOf = createIngressSelection(snapshot, options);
    const owner = ownerOf(now);
    if (owner !== ownerOf(before)) return false;
    if (owner === 'unwatched') return true;
    const index = this.#served.indexOf(before);
    if (index < 0) return false;
    const parsed = parseOnce(now, this.#context);
    if (!isAlikeButForRoutes(parseOnce(before, this.#context), parsed)) return false;
    this.#served = this.#served.with(index, now);
    return parsed.claims.every((claim) => this.#renewHost(claim));
  }

  #renewHost(claim: HostClaim): boolean {
    const { memory } = this.#context;
    const known = memory.cores.peek(claim.host);
    const last = memory.hosts.peek(claim.host);
    if (known === undefined || last === undefined) return false;
    const { object } = claim.owner;
    const claims = sortByAge(
      known.claims.map((each) => (each.owner.object === object ? claim : each)),
    );
    const core = memory.cores.get(claim.host, claims, () => decideHostCore(claim.host, claims));
    if (!isAloneAndAlike(known, core)) return false;
    const certificate = decideCertificate(core, this.#context);
    const parentCertificate = memory.certificates.peek(core.wildcardParent ?? '');
    const made = translateCore(core, { certificate, parentCertificate, own: [] }, this.#context);
    if (made.uses !== last.uses || made.findings !== last.findings) return false;
    if (!isSameList(made.certificates, last.certificates)) return false;
    for (const host of made.virtualHosts) {
      if (this.#last.result.config.virtualHosts.get(host.name) !== host) {
        this.#virtualHosts.set(host.name, host);
      }
    }
    return true;
  }
}

/** Whether two versions of an Ingress that is served have the same to say, but for rules and annotations of the same hosts. */
function isAlikeButForRoutes(one: ParsedIngress, other: ParsedIngress): boolean {
  const withoutRoutes = ({ claims, ...rest }: ParsedIngress): unknown => ({
    ...rest,
    claims: claims.map(({ host }) => host),
  });
  return other.isServed && isDeepStrictEqual(withoutRoutes(one), withoutRoutes(other));
}

/** Whether neither has anything to do with other hosts, or with a Service directly, and what else is said of them is the same. */
function isAloneAndAlike(one: HostCore, other: HostCore): boolean {
  if (one.aliases.length + other.aliases.length > 0) return false;
  if (passthroughClaim(one) !== undefined || passthroughClaim(other) !== undefined) return false;
  return isDeepStrictEqual(aroundOf(one), aroundOf(other));
}

function aroundOf({ tls, findings }: HostCore): unknown {
  if (tls === undefined) return { findings };
  const { claim, listed, secrets } = tls;
  return { findings, listed, secrets, owner: claim.owner.object };
}

function timeOf(now: () => number): string {
  return new Date(now()).toISOString();
}

/** The first moment from `time` on when something expires. */
function firstAfter(time: string, certificates: ProxyConfig['certificates']): string | undefined {
  let first: string | undefined;
  for (const { notAfter, ocsp } of certificates.values()) {
    for (const moment of [notAfter, ocsp?.notAfter]) {
      if (moment !== undefined && moment >= time && (first === undefined || moment < first)) {
        first = moment;
      }
    }
  }
  return first;
}
