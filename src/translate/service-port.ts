import { integerOf, objectsOf, textOf } from './loose.ts';
import type { Service, ServicePort } from './snapshot.ts';

/**
 * The first TCP port, in the order of the Service, whose number, name or targetPort is what the Ingress wrote.
 * Source: routing.md §8.1.
 */
export function findServicePort(service: Service, written: string): ServicePort | undefined {
  return tcpPorts(service).find(({ port, name, targetPort }) =>
    [port, name, targetPort].some((given) => portText(given) === written),
  );
}

/** A port's number or name, as an Ingress would write it. */
export function portText(given: unknown): string | undefined {
  return textOf(given) ?? integerOf(given)?.toString();
}

export function firstServicePort(service: Service): ServicePort | undefined {
  return tcpPorts(service)[0];
}

function tcpPorts(service: Service): readonly ServicePort[] {
  return objectsOf(service.spec?.ports).filter(
    (port): port is ServicePort => port !== undefined && (textOf(port.protocol) ?? 'TCP') === 'TCP',
  );
}
