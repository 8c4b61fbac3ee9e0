import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import type { Settings } from '../model/settings.ts';
import { isSameCertificate, type CertificateResult } from './certificate.ts';
import type { ClientVerificationResult } from './client-verification.ts';
import type { ConfigMapResult } from './configmap/global-settings.ts';
import type { DhParameters } from './dh-parameters.ts';
import type { EndpointSetResult } from './usable-endpoints.ts';
import type { EndpointTlsResult } from './endpoint-tls.ts';
import type { DefaultCertificate, HostCertificate } from './host-certificate.ts';
import type { HostCore } from './host-core.ts';
import { isSameList, Memo } from './memo.ts';
import type { NodePlace } from './node-places.ts';
import { sortFindings } from './finding.ts';
import type { ParsedIngress } from './parsed-ingress.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import type { Ingress } from './snapshot.ts';
import type { LastTranslation } from './translate-changes.ts';
import type { HostResult } from './virtual-host.ts';

/**
 * What earlier translations made, each piece under the very objects that it was made from. It saves work and keeps the identity
 * of unchanged pieces; what a translation says does not depend on it.
 */
export class Memory {
  readonly configMaps = new Memo<ConfigMapResult>(keepIfEqual);
  readonly settings = new Memo<Settings>(keepIfEqual);
  readonly ingresses = new WeakMap<Ingress, { global: GlobalSettings; parsed: ParsedIngress }>();
  readonly secrets = new Memo<CertificateResult>((last, made) =>
    isSameCertificate(last, made) ? last : made,
  );
  readonly defaultCertificates = new Memo<DefaultCertificate>();
  readonly dhParameters = new Memo<DhParameters>(keepIfEqual);
  readonly cores = new Memo<HostCore>();
  readonly certificates = new Memo<HostCertificate>();
  readonly hosts = new Memo<HostResult>(reuseHost);
  readonly passthroughHosts = new Memo<HostResult>(reuseHost);
  readonly clusters = new Memo<Cluster>(keepIfEqual);
  /** Their digests tell versions of a Secret apart. */
  readonly endpointTls = new Memo<EndpointTlsResult | undefined>(keepIfEqual);
  readonly clientVerifications = new Memo<ClientVerificationResult | undefined>(keepIfEqual);
  readonly nodePlaces = new Memo<readonly NodePlace[]>(keepIfEqual);
  readonly endpointSets = new Memo<EndpointSetResult>(reuseEndpointSet);
  /** Findings that are made anew in each pass, by what they are about. */
  readonly findings = new Memo<readonly Finding[]>(keepIfEqual);
  #lastLists: readonly (readonly Finding[])[] = [];
  #lastSorted: readonly Finding[] = [];
  #isTrial = false;
  /** Of which the next one may begin; undefined: it is made whole. */
  last: LastTranslation | undefined;

  /** Translates what might become true: what is known helps, and nothing of it is remembered. */
  trial<T>(translateIt: () => T): T {
    const memos = this.#memos();
    this.#isTrial = true;
    for (const memo of memos) memo.beginTrial();
    try {
      return translateIt();
    } finally {
      for (const memo of memos) memo.endTrial();
      this.#isTrial = false;
    }
  }

  get isTrial(): boolean {
    return this.#isTrial;
  }

  /** All of the last pass, in one order. */
  get lastFindings(): readonly Finding[] {
    return this.#lastSorted;
  }

  /** All in one order; the same array as long as no list has changed. In no order in a trial, of which few are looked at. */
  sort(lists: readonly (readonly Finding[])[]): readonly Finding[] {
    if (this.#isTrial) return lists.flat();
    const full = lists.filter((list) => list.length > 0);
    if (!isSameList(full, this.#lastLists)) {
      this.#lastLists = full;
      this.#lastSorted = sortFindings(full.flat());
    }
    return this.#lastSorted;
  }

  /** What is asked for between two passes belongs to the last one. */
  beginPass(): void {
    for (const memo of this.#memos()) memo.beginPass();
  }

  /** What this pass did not ask for is forgotten. */
  endPass(): void {
    for (const memo of this.#memos()) memo.endPass();
  }

  #memos(): Memo<unknown>[] {
    return Object.values(this).filter((part) => part instanceof Memo);
  }
}

function keepIfEqual<T>(last: T, made: T): T {
  return isDeepStrictEqual(last, made) ? last : made;
}

/** Certificates hold keys that no comparison looks into; the memo of Secrets keeps their identity. */
function reuseHost(last: HostResult, made: HostResult): HostResult {
  return {
    virtualHosts: made.virtualHosts.map((host, index) => {
      const before = last.virtualHosts[index];
      return before !== undefined && isDeepStrictEqual(before, host) ? before : host;
    }),
    certificates: made.certificates,
    uses: keepIfEqual(last.uses, made.uses),
    findings: keepIfEqual(last.findings, made.findings),
  };
}

function reuseEndpointSet(last: EndpointSetResult, made: EndpointSetResult): EndpointSetResult {
  return {
    set: keepIfEqual(last.set, made.set),
    problem: made.problem,
    findings: keepIfEqual(last.findings, made.findings),
  };
}
