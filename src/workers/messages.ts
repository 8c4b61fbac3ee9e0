import type { MessagePort } from 'node:worker_threads';
import type { Certificate, Cluster, UpstreamTls } from '../model/config.ts';
import type { Pressure } from '../dataplane/pressure.ts';
import type { ConfigDelta, SectionDelta } from '../model/delta.ts';
import { Sensitive } from '../model/sensitive.ts';
import type { Settings, TicketKey, TicketSettings, TlsSettings } from '../model/settings.ts';
import type { StatsReport } from '../observability/worker-stats.ts';

/** What the control plane tells a worker. */
export type ToWorker =
  | { readonly kind: 'delta'; readonly delta: WireDelta }
  /** Open the ports; sent once, after the first config was applied, so that no known host ever answers 404. */
  | { readonly kind: 'listen'; readonly httpPort: PortOption; readonly httpsPort: PortOption }
  | { readonly kind: 'take-stats' }
  | { readonly kind: 'pressure'; readonly pressure: Pressure }
  /** What keys of session tickets are made of, the same for all workers. */
  | { readonly kind: 'ticket-secret'; readonly secret: Uint8Array }
  /** Send it there, in pieces; the port is transferred. */
  | { readonly kind: 'heap-snapshot'; readonly port: MessagePort }
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
export type WireDelta = Omit<ConfigDelta, 'certificates' | 'clusters' | 'settings'> & {
  readonly settings: WireSettings | undefined;
  readonly certificates: SectionDelta<WireCertificate>;
  readonly clusters: SectionDelta<WireCluster>;
};

type WireSettings = Omit<Settings, 'tls'> & {
  readonly tls: Omit<TlsSettings, 'tickets'> & { readonly tickets: 'off' | WireTickets };
};

type WireTickets = Omit<TicketSettings, 'key'> & {
  readonly key: (Omit<TicketKey, 'value'> & { readonly value: string }) | undefined;
};

type WireCertificate = Omit<Certificate, 'key'> & { readonly key: string };

type WireCluster = Omit<Cluster, 'tls'> & {
  readonly tls?: Omit<UpstreamTls, 'certificate'> & {
    readonly certificate: WireCertificate | undefined;
  };
};

export function encodeDelta(delta: ConfigDelta): WireDelta {
  const { settings, certificates, clusters, ...rest } = delta;
  return {
    ...rest,
    settings: settings === undefined ? undefined : encodeSettings(settings),
    certificates: { ...certificates, set: certificates.set.map(encodeCertificate) },
    clusters: { ...clusters, set: clusters.set.map(encodeCluster) },
  };
}

export function decodeDelta(delta: WireDelta): ConfigDelta {
  const { settings, certificates, clusters, ...rest } = delta;
  return {
    ...rest,
    settings: settings === undefined ? undefined : decodeSettings(settings),
    certificates: { ...certificates, set: certificates.set.map(decodeCertificate) },
    clusters: { ...clusters, set: clusters.set.map(decodeCluster) },
  };
}

function encodeSettings({ tls, ...rest }: Settings): WireSettings {
  const { tickets } = tls;
  if (tickets === 'off') return { ...rest, tls: { ...tls, tickets } };
  const { key } = tickets;
  const wire = key === undefined ? undefined : { ...key, value: key.value.reveal() };
  return { ...rest, tls: { ...tls, tickets: { ...tickets, key: wire } } };
}

function decodeSettings({ tls, ...rest }: WireSettings): Settings {
  const { tickets } = tls;
  if (tickets === 'off') return { ...rest, tls: { ...tls, tickets } };
  const { key } = tickets;
  const decoded = key === undefined ? undefined : { ...key, value: new Sensitive(key.value) };
  return { ...rest, tls: { ...tls, tickets: { ...tickets, key: decoded } } };
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
