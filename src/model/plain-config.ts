import type { Cluster, ProxyConfig, VirtualHost } from './config.ts';
import { Sensitive } from './sensitive.ts';

/** What JSON and YAML can say. */
export type Plain =
  string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

export type PlainConfig = Readonly<Record<keyof ProxyConfig, Plain>>;

/**
 * A config to be printed: maps become objects with sorted keys, what is unset is left out, secrets are `[redacted]`.
 * The PEM text of certificates is left out; their fingerprints tell them apart.
 */
export function toPlain(config: ProxyConfig): PlainConfig {
  const certificates = new Map(
    [...config.certificates].map(([id, certificate]) => [id, { ...certificate, chain: undefined }]),
  );
  const hosts = new Map([...config.virtualHosts].map(([name, host]) => [name, withoutCa(host)]));
  const clusters = new Map([...config.clusters].map(([id, cluster]) => [id, withoutPem(cluster)]));
  return {
    settings: plain(config.settings),
    virtualHosts: plain(hosts),
    clusters: plain(clusters),
    endpointSets: plain(new Map(config.endpointSets)),
    certificates: plain(certificates),
  };
}

function withoutCa(host: VirtualHost): unknown {
  const { clientVerification: verification } = host;
  if (verification === undefined) return host;
  return { ...host, clientVerification: { ...verification, ca: undefined, crls: undefined } };
}

function withoutPem({ tls, ...cluster }: Cluster): unknown {
  if (tls === undefined) return cluster;
  const { verify, certificate } = tls;
  return {
    ...cluster,
    tls: {
      ...tls,
      verify: verify === 'off' ? verify : { ...verify, ca: undefined },
      certificate: certificate === undefined ? undefined : { ...certificate, chain: undefined },
    },
  };
}

function plain(value: unknown): Plain {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, unknown>)];
    return fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
  if (value instanceof Sensitive) return value.toJSON();
  return fromEntries(Object.entries(value));
}

function fromEntries(entries: readonly (readonly [string, unknown])[]): Plain {
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, plain(value)] as const),
  );
}
