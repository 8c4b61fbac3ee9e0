import type { KnownIngress } from '../explain/explanation.ts';
import { createIngressSelection, type SelectionOptions } from '../translate/class-selection.ts';
import type { Snapshot } from '../translate/snapshot.ts';

/** All Ingresses, of whatever class, with the hosts that they name. */
export function knownIngresses(
  snapshot: Snapshot,
  options: SelectionOptions,
): readonly KnownIngress[] {
  const ownerOf = createIngressSelection(snapshot, options);
  return [...snapshot.ingresses].map(([key, ingress]) => ({
    key,
    hosts: (ingress.spec?.rules ?? []).map(({ host }) => host ?? ''),
    className:
      ingress.spec?.ingressClassName ??
      ingress.metadata.annotations?.['kubernetes.io/ingress.class'],
    owner: ownerOf(ingress),
  }));
}
