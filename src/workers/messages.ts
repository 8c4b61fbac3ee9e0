import type { Certificate } from '../model/config.ts';
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
export type WireDelta = Omit<ConfigDelta, 'certificates'> & {
  readonly certificates: SectionDelta<Omit<Certificate, 'key'> & { readonly key: string }>;
};

export function encodeDelta({ certificates, ...rest }: ConfigDelta): WireDelta {
  return {
    ...rest,
    certificates: {
      set: certificates.set.map((certificate) => ({
        ...certificate,
        key: certificate.key.reveal(),
      })),
      remove: certificates.remove,
    },
  };
}

export function decodeDelta({ certificates, ...rest }: WireDelta): ConfigDelta {
  return {
    ...rest,
    certificates: {
      set: certificates.set.map((certificate) => ({
        ...certificate,
        key: new Sensitive(certificate.key),
      })),
      remove: certificates.remove,
    },
  };
}
