import type { Cluster, UpstreamProtocol } from '../model/config.ts';
import { objectOf, textOf } from './loose.ts';
import { portText } from './service-port.ts';
import type { IngressBackend, ObjectKey } from './snapshot.ts';

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

/** One cluster a Service port and way of speaking to it: what one route sets never shows on another. */
export function clusterId({ endpointSet }: ServiceBackend, protocol: UpstreamProtocol): string {
  return protocol === 'http' ? endpointSet : `${endpointSet} ${protocol}`;
}

export function translateCluster(backend: ServiceBackend, protocol: UpstreamProtocol): Cluster {
  const { namespace, service, port } = backend;
  return {
    id: clusterId(backend, protocol),
    name: `${namespace}-${service}-${port}`,
    endpointSet: backend.endpointSet,
    statusWhenEmpty: 503,
    protocol,
    balancer: { kind: 'round-robin' },
  };
}
