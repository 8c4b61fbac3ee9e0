import type { ProxyConfig } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import type { Ingress, References } from './snapshot.ts';

export interface TranslateResult {
  readonly config: ProxyConfig;
  /** Sorted by object. */
  readonly findings: readonly Finding[];
  /** What the sources shall fetch and watch for the next translation. */
  readonly references: References;
  /** Those of our class. */
  readonly ingresses: TranslatedIngresses;
}

export interface TranslatedIngresses {
  readonly served: readonly Ingress[];
  /** Ours, and nothing of them is served: a finding says why. */
  readonly dropped: readonly Ingress[];
}
