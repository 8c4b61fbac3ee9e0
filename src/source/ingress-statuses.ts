import { isDeepStrictEqual } from 'node:util';
import {
  keyOf,
  type Ingress,
  type KubernetesObject,
  type ObjectKey,
} from '../translate/snapshot.ts';

/** The newest of an Ingress, apart from what routing is made of. */
export interface IngressStatus {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** `status.loadBalancer`, not trusted. */
  readonly loadBalancer: unknown;
}

/** Statuses by key, apart from the objects: a write of 5,000 of them shall not look like 5,000 changed Ingresses. */
export class IngressStatuses {
  readonly #statuses = new Map<ObjectKey, IngressStatus>();
  readonly #listeners = new Set<(key: ObjectKey) => void>();

  get(key: ObjectKey): IngressStatus | undefined {
    return this.#statuses.get(key);
  }

  onChange(callback: (key: ObjectKey) => void): void {
    this.#listeners.add(callback);
  }

  set(ingress: Ingress): void {
    const { uid, resourceVersion } = ingress.metadata;
    const loadBalancer = ingress.status?.loadBalancer;
    const key = keyOf(ingress);
    this.#statuses.set(key, { uid, resourceVersion, loadBalancer });
    for (const listener of this.#listeners) listener(key);
  }

  delete(key: ObjectKey): void {
    this.#statuses.delete(key);
  }
}

export function isIngress(object: KubernetesObject): object is Ingress {
  return object.kind === 'Ingress';
}

/** Whether nothing but the status differs. A generation alone does not tell: a restored server counts them again. */
export function isStatusChange(old: Ingress, now: Ingress): boolean {
  const { generation } = now.metadata;
  if (generation === undefined || generation !== old.metadata.generation) return false;
  const { resourceVersion } = old.metadata;
  const metadata = { ...now.metadata, resourceVersion };
  return isDeepStrictEqual(old.metadata, metadata) && isDeepStrictEqual(old.spec, now.spec);
}
