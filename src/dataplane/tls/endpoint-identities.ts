import type { UpstreamTls } from '../../model/config.ts';
import { EndpointTls } from './endpoint-tls.ts';

interface Entry {
  readonly tls: EndpointTls;
  /** How many clusters have it. */
  uses: number;
}

/** A cluster as far as it matters here. */
interface Member {
  readonly config: { readonly id: string };
  readonly tls: EndpointTls | undefined;
}

/** The TLS identities of the clusters of the config: one for each fingerprint, however many clusters have it. */
export class EndpointIdentities {
  readonly #entries = new Map<string, Entry>();
  readonly #ofClusters = new Map<string, Entry>();

  /** For the clusters of one delta: the identity that there is, else a new one. Throws where OpenSSL does not take it. */
  compiler(): (config: UpstreamTls) => EndpointTls {
    const fresh = new Map<string, EndpointTls>();
    return (config) => {
      const { fingerprint } = config;
      const known = this.#entries.get(fingerprint)?.tls ?? fresh.get(fingerprint);
      if (known !== undefined) return known;
      const made = new EndpointTls(config);
      fresh.set(fingerprint, made);
      return made;
    };
  }

  /** Gives those that no cluster has any more, retired. */
  update(set: readonly Member[], remove: readonly string[]): readonly EndpointTls[] {
    const left: Entry[] = [];
    for (const { config, tls } of set) {
      left.push(...this.#leave(config.id));
      if (tls !== undefined) this.#join(config.id, tls);
    }
    for (const id of remove) left.push(...this.#leave(id));
    const retired: EndpointTls[] = [];
    for (const { tls, uses } of left) {
      if (uses > 0 || tls.isRetired) continue;
      tls.isRetired = true;
      this.#entries.delete(tls.fingerprint);
      retired.push(tls);
    }
    return retired;
  }

  #join(cluster: string, tls: EndpointTls): void {
    let entry = this.#entries.get(tls.fingerprint);
    if (entry === undefined) {
      entry = { tls, uses: 0 };
      this.#entries.set(tls.fingerprint, entry);
    }
    entry.uses += 1;
    this.#ofClusters.set(cluster, entry);
  }

  #leave(cluster: string): readonly Entry[] {
    const entry = this.#ofClusters.get(cluster);
    if (entry === undefined) return [];
    this.#ofClusters.delete(cluster);
    entry.uses -= 1;
    return [entry];
  }
}
