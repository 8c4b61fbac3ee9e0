import type { Certificate, Cluster, EndpointSet, ProxyConfig, VirtualHost } from './config.ts';
import { patchedKeys } from './patched-map.ts';
import type { Settings } from './settings.ts';

/** The difference between two configs, found by identity. Applied in one step; acknowledged by its version. */
export interface ConfigDelta {
  readonly version: number;
  /** Undefined: as before. */
  readonly settings: Settings | undefined;
  readonly virtualHosts: SectionDelta<VirtualHost>;
  readonly clusters: SectionDelta<Cluster>;
  readonly endpointSets: SectionDelta<EndpointSet>;
  readonly certificates: SectionDelta<Certificate>;
}

export interface SectionDelta<T> {
  readonly set: readonly T[];
  /** Keys: a virtual host's name, everything else's id. */
  readonly remove: readonly string[];
}

/** What turns `previous` (undefined: nothing) into `next`. Pieces of the same identity are not looked into. */
export function diffConfig(
  previous: ProxyConfig | undefined,
  next: ProxyConfig,
  version: number,
): ConfigDelta {
  return {
    version,
    settings: previous?.settings === next.settings ? undefined : next.settings,
    virtualHosts: diffSection(previous?.virtualHosts, next.virtualHosts),
    clusters: diffSection(previous?.clusters, next.clusters),
    endpointSets: diffSection(previous?.endpointSets, next.endpointSets),
    certificates: diffSection(previous?.certificates, next.certificates),
  };
}

/** Whether applying it would change nothing. */
export function isEmptyDelta(delta: ConfigDelta): boolean {
  const sections = [delta.virtualHosts, delta.clusters, delta.endpointSets, delta.certificates];
  return (
    delta.settings === undefined &&
    sections.every(({ set, remove }) => set.length === 0 && remove.length === 0)
  );
}

function diffSection<T>(
  previous: ReadonlyMap<string, T> | undefined,
  next: ReadonlyMap<string, T>,
): SectionDelta<T> {
  const set: T[] = [];
  const remove: string[] = [];
  const patched = previous === undefined ? undefined : patchedKeys(previous, next);
  if (patched !== undefined) {
    const pieces = [...patched].map((key) => [previous?.get(key), next.get(key)] as const);
    return {
      set: pieces.flatMap(([old, now]) => (old === now || now === undefined ? [] : now)),
      remove,
    };
  }
  for (const [key, piece] of next) {
    if (previous?.get(key) !== piece) set.push(piece);
  }
  if (previous !== undefined) {
    for (const key of previous.keys()) {
      if (!next.has(key)) remove.push(key);
    }
  }
  return { set, remove };
}
