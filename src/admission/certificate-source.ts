import type { CertificatePair } from './certificate-state.ts';

/** Where the webhook's certificate comes from. */
export interface CertificateSource {
  /** `use` is called with each pair that shall be served from then on; what it awaits comes before the pair is trusted. */
  start(use: (pair: CertificatePair) => Promise<void>): void;
  stop(): void;
}
