import type { Cluster, UpstreamProtocol } from '../model/config.ts';
import { balancingLabel, translateBalancer, type Balancing } from './balancing.ts';
import { endpointTlsLabel, translateEndpointTls, type EndpointTls } from './endpoint-tls.ts';
import { objectOf, textOf } from './loose.ts';
import { portText } from './service-port.ts';
import type { IngressBackend, ObjectKey, Service } from './snapshot.ts';
import { serviceUpstreamLabel, type ServiceUpstream } from './upstream-address.ts';

/** A Service and port as an Ingress names them; whether these exist is for later. */
export interface ServiceBackend {
  readonly kind: 'service';
  readonly namespace: string;
  readonly service: string;
  /** Name or number as written; digits alone are a number. */
  readonly port: string;
  readonly serviceKey: ObjectKey;
  /** How a Service's endpoints are kept apart: by the port as it is written. */
  readonly endpointSet: string;
}

/** Something else than a Service: answered 404. */
export interface ResourceBackend {
  readonly kind: 'resource';
}

/** What answers where no rule does; `--default-backend-service`. */
export interface DefaultBackend {
  readonly kind: 'default';
}

export type Backend = ServiceBackend | ResourceBackend | DefaultBackend;

/** Undefined where nothing usable is named: the path is as if it was not there (routing.md §1.3). */
export function parseBackend(
  namespace: string,
  backend: IngressBackend | undefined,
): Backend | undefined {
  const given = objectOf(backend);
  const service = objectOf(given?.service);
  const name = textOf(service?.name);
  if (name !== undefined && name !== '') {
    const port = objectOf(service?.port);
    const portName = textOf(port?.name) ?? '';
    const written = portName === '' ? portText(port?.number) : portName;
    if (written === undefined || written === '') return undefined;
    return serviceBackend(namespace, name, written);
  }
  return objectOf(given?.resource) === undefined ? undefined : { kind: 'resource' };
}

export function serviceBackend(namespace: string, service: string, port: string): ServiceBackend {
  const serviceKey = `${namespace}/${service}`;
  const endpointSet = `${serviceKey}:${port}`;
  return { kind: 'service', namespace, service, port, serviceKey, endpointSet };
}

/** How a route uses a Service port. */
export interface ClusterUse {
  readonly protocol: UpstreamProtocol;
  readonly tls: EndpointTls | undefined;
  readonly balancing: Balancing;
  readonly serviceUpstream: ServiceUpstream;
}

/** The Service port as its endpoints are kept: apart from those of Ingresses that want it reached in another way. */
export function reachedAs(backend: ServiceBackend, wish: ServiceUpstream): ServiceBackend {
  if (wish === undefined) return backend;
  return { ...backend, endpointSet: `${backend.endpointSet} ${serviceUpstreamLabel(wish)}` };
}

/** One cluster a Service port and way of using it: what one route sets never shows on another. */
export function clusterId(
  { endpointSet }: ServiceBackend,
  { protocol, tls, balancing, serviceUpstream }: ClusterUse,
): string {
  const spoken = protocol === 'http' ? '' : protocol;
  const parts = [
    endpointSet,
    serviceUpstreamLabel(serviceUpstream),
    spoken,
    endpointTlsLabel(tls),
    balancingLabel(balancing),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

export function translateCluster(
  backend: ServiceBackend,
  use: ClusterUse,
  found: Service | undefined,
): Cluster {
  const { namespace, service, port } = backend;
  const { protocol, tls, balancing, serviceUpstream } = use;
  const name = `${namespace}-${service}-${port}`;
  return {
    id: clusterId(backend, use),
    name,
    endpointSet: reachedAs(backend, serviceUpstream).endpointSet,
    statusWhenEmpty: 503,
    protocol,
    ...(tls === undefined ? {} : { tls: translateEndpointTls(tls, name) }),
    balancer: translateBalancer(balancing, found, name),
  };
}
