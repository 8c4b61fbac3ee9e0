import type { Certificate, Cluster, UpstreamTls } from '../model/config.ts';
import type { Pressure } from '../dataplane/pressure.ts';
import type { ConfigDelta, SectionDelta } from '../model/delta.ts';
import { Sensitive } from '../model/sensitive.ts';
import type { StatsReport } from '../observability/worker-stats.ts';

/** What the control plane tells a worker. */
export type ToWorker =
  | { readonly kind: 'delta'; readonly delta: WireDelta }
  /** Open the ports; sent once, after the first config was applied, so that no known host ever answers 404. */
  | { readonly kind: 'listen'; readonly httpPort: PortOption; readonly httpsPort: PortOption }
  | { readonly kind: 'take-stats' }
  | { readonly kind: 'pressure'; readonly pressure: Pressure }
  | { readonly kind: 'drain' };

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: 'started' }
  | { readonly kind: 'applied'; readonly version: number }
  /** The delta could not be compiled (a defect of ours): the table before it serves on. */
  | { readonly kind: 'refused'; readonly version: number; readonly reason: string }
  | ({ readonly kind: 'listening' } & BoundPorts)
  | { readonly kind: 'listen-failed'; readonly reason: string; readonly code: string }
  | { readonly kind: 'stats'; readonly report: StatsReport }
  | { readonly kind: 'drained' };

/** 0: any free one. */
export type PortOption = number | 'off';

export interface BoundPorts {
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
}

/** A delta whose keys are bare text: class instances do not survive the crossing of threads. */
export type WireDelta = Omit<ConfigDelta, 'certificates' | 'clusters'> & {
  readonly certificates: SectionDelta<WireCertificate>;
  readonly clusters: SectionDelta<WireCluster>;
};

type WireCertificate = Omit<Certificate, 'key'> & { readonly key: string };

type WireCluster = Omit<Cluster, 'tls'> & {
  readonly tls?: Omit<UpstreamTls, 'certificate'> & {
    readonly certificate: WireCertificate | undefined;
  };
};

export function encodeDelta({ certificates, clusters, ...rest }: ConfigDelta): WireDelta {
  return {
    ...rest,
    certificates: { ...certificates, set: certificates.set.map(encodeCertificate) },
    clusters: { ...clusters, set: clusters.set.map(encodeCluster) },
  };
}

export function decodeDelta({ certificates, clusters, ...rest }: WireDelta): ConfigDelta {
  return {
    ...rest,
    certificates: { ...certificates, set: certificates.set.map(decodeCertificate) },
    clusters: { ...clusters, set: clusters.set.map(decodeCluster) },
  };
}

function encodeCertificate(certificate: Certificate): WireCertificate {
  return { ...certificate, key: certificate.key.reveal() };
}

function decodeCertificate(certificate: WireCertificate): Certificate {
  return { ...certificate, key: new Sensitive(certificate.key) };
}

function encodeCluster({ tls, ...rest }: Cluster): WireCluster {
  if (tls === undefined) return rest;
  const { certificate } = tls;
  const encoded = certificate === undefined ? undefined : encodeCertificate(certificate);
  return { ...rest, tls: { ...tls, certificate: encoded } };
}

function decodeCluster({ tls, ...rest }: WireCluster): Cluster {
  if (tls === undefined) return rest;
  const { certificate } = tls;
  const decoded = certificate === undefined ? undefined : decodeCertificate(certificate);
  return { ...rest, tls: { ...tls, certificate: decoded } };
}
