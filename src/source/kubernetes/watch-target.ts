import type { ObjectKey, Resource } from '../../translate/snapshot.ts';

/** What one watch covers: a resource everywhere, in one namespace, or one object of it. */
export interface WatchTarget<R extends Resource = Resource> {
  readonly resource: R;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export interface ApiKind {
  /** Path of the group and version. */
  readonly path: string;
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
}

export const apiKinds: Readonly<Record<Resource, ApiKind>> = {
  ingresses: networking('Ingress'),
  ingressclasses: networking('IngressClass'),
  endpointslices: {
    path: '/apis/discovery.k8s.io/v1',
    group: 'discovery.k8s.io',
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
  },
  services: core('Service'),
  secrets: core('Secret'),
  configmaps: core('ConfigMap'),
  namespaces: core('Namespace'),
  nodes: core('Node'),
};

function networking(kind: string): ApiKind {
  const apiVersion = 'networking.k8s.io/v1';
  return { path: `/apis/${apiVersion}`, group: 'networking.k8s.io', apiVersion, kind };
}

function core(kind: string): ApiKind {
  return { path: '/api/v1', group: '', apiVersion: 'v1', kind };
}

/** Path and query of a list or watch; `query` holds what varies between the two. */
export function pathOf(target: WatchTarget, query: Readonly<Record<string, string>>): string {
  const { resource, namespace, name } = target;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const parameters = new URLSearchParams(query);
  if (name !== undefined) parameters.set('fieldSelector', `metadata.name=${name}`);
  return `${apiKinds[resource].path}${scope}/${resource}?${parameters.toString()}`;
}

/** For people: `ingresses`, `ingresses in shop`, `Secret shop/tls`. */
export function describe({ resource, namespace, name }: WatchTarget): string {
  if (name !== undefined) {
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    return `${apiKinds[resource].kind} ${key}`;
  }
  return namespace === undefined ? resource : `${resource} in ${namespace}`;
}

/** Whether an object of the target's resource lies within the target. */
export function covers({ namespace, name }: WatchTarget): (key: ObjectKey) => boolean {
  if (namespace === undefined) return name === undefined ? () => true : (key) => key === name;
  if (name !== undefined) return (key) => key === `${namespace}/${name}`;
  return (key) => key.startsWith(`${namespace}/`);
}

/** RFC 1123, as the API server demands of every namespace and of the names of Secrets and ConfigMaps. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Undefined: no object can have this key, so that it need not (and must not, it comes from tenants) be asked for. */
export function targetOfKey<R extends Resource>(
  resource: R,
  key: ObjectKey,
): WatchTarget<R> | undefined {
  const slash = key.indexOf('/');
  const namespace = key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (slash === -1 || !NAMESPACE.test(namespace) || !NAME.test(name)) return undefined;
  return { resource, namespace, name };
}
