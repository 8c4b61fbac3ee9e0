import type { Cluster } from '../model/config.ts';
import { serviceBackend, type ServiceBackend } from './backend.ts';
import { firstServicePort, portText } from './service-port.ts';
import type { ObjectKey, Service } from './snapshot.ts';

/** Id and name of its cluster and endpoint set; no Service's id looks like it. */
export const defaultBackendId = 'upstream-default-backend';

/** Without an endpoint the built-in 404 answers. Source: routing.md §6.3. */
export const defaultBackendCluster: Cluster = {
  id: defaultBackendId,
  name: defaultBackendId,
  endpointSet: defaultBackendId,
  statusWhenEmpty: 404,
  protocol: 'http',
  balancer: { kind: 'round-robin' },
};

/** The first port of the Service that `--default-backend-service` names. */
export function defaultServiceBackend(
  key: ObjectKey,
  service: Service | undefined,
): ServiceBackend {
  const [namespace = '', name = ''] = key.split('/');
  const port = service === undefined ? undefined : firstServicePort(service)?.port;
  const backend = serviceBackend(namespace, name, portText(port) ?? 'http');
  return { ...backend, endpointSet: defaultBackendId };
}
