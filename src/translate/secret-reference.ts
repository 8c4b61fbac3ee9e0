import { isObjectName } from './object-name.ts';
import type { ObjectKey } from './snapshot.ts';

export interface ReferenceContext {
  readonly namespace: string;
  /** The ConfigMap's `allow-cross-namespace-resources`. */
  readonly allowsOtherNamespaces: boolean;
}

/** The Secret that an annotation names as `namespace/name`; undefined: that is none, or none that the Ingress may use. */
export function parseSecretReference(
  text: string,
  { namespace, allowsOtherNamespaces }: ReferenceContext,
): ObjectKey | undefined {
  const [start = '', name = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isObjectName(start) || !isObjectName(name)) return undefined;
  return start === namespace || allowsOtherNamespaces ? text : undefined;
}
