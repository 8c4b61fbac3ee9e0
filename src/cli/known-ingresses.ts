import type { KnownIngress } from '../explain/explanation.ts';
import type { Snapshot } from '../translate/snapshot.ts';

/** All Ingresses, of whatever class, with the hosts that they name. */
export function knownIngresses({ ingresses }: Snapshot): readonly KnownIngress[] {
  return [...ingresses].map(([key, { spec, metadata }]) => ({
    key,
    hosts: (spec?.rules ?? []).map(({ host }) => host ?? ''),
    className: spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'],
  }));
}
