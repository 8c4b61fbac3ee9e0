import type { Endpoint } from '../model/config.ts';
import { parseAddress } from './endpoint-address.ts';
import { integerOf, objectOf, objectsOf, textOf, textsOf } from './loose.ts';
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from './snapshot.ts';
import { hintedForHere, onThisNode, type Here } from './topology.ts';

/** An endpoint of a slice, and where it is. */
export interface ServingEndpoint extends Endpoint {
  readonly nodeName: string | undefined;
  readonly hintedZones: readonly string[];
  readonly hintedNodes: readonly string[];
}

/**
 * The endpoints behind one port of a Service: all slices merged, each `address:port` once. Those that are ready; where there
 * is none at all, those that still serve while they terminate. Source: routing.md §8.2.
 */
export function servingEndpoints(
  slices: readonly EndpointSlice[],
  port: ServicePort,
): readonly ServingEndpoint[] {
  const ready = collect(slices, port, isReady);
  return ready.length > 0 ? ready : collect(slices, port, isLastResort);
}

/** Of these, the ones that kube-proxy on this Node would choose among. */
export function nearEndpoints(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  service: Service,
  here: Here,
): readonly ServingEndpoint[] {
  const ready = onThisNode(collect(slices, port, isReady), service, here);
  if (ready.length > 0) return isLocal(service) ? ready : hintedForHere(ready, here);
  return onThisNode(collect(slices, port, isLastResort), service, here);
}

function isLocal(service: Service): boolean {
  return objectOf(service.spec)?.internalTrafficPolicy === 'Local';
}

function collect(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  isWanted: (endpoint: SliceEndpoint) => boolean,
): readonly ServingEndpoint[] {
  const found = new Map<string, ServingEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6') continue;
    const ports = slicePorts(slice, port);
    for (const endpoint of objectsOf(slice.endpoints)) {
      if (endpoint === undefined || !isWanted(endpoint)) continue;
      const place = placeOf(endpoint);
      for (const address of textsOf(endpoint.addresses).map(parseAddress)) {
        if (address === undefined) continue;
        for (const number of ports) {
          found.set(`${address} ${number}`, { address, port: number, ...place });
        }
      }
    }
  }
  return sortEndpoints([...found.values()]);
}

function placeOf({ nodeName, hints }: SliceEndpoint): Omit<ServingEndpoint, keyof Endpoint> {
  const { forZones, forNodes } = objectOf(hints) ?? {};
  return {
    nodeName: textOf(nodeName),
    hintedZones: textsOf(objectsOf(forZones).map((hint) => hint?.name)),
    hintedNodes: textsOf(objectsOf(forNodes).map((hint) => hint?.name)),
  };
}

/**
 * A named Service port is the slice's port of that name (pods may differ in its number); an unnamed one is all ports of the
 * slice; a slice without ports takes a numeric targetPort.
 */
function slicePorts(slice: EndpointSlice, { name, port, targetPort }: ServicePort): number[] {
  const ports = objectsOf(slice.ports);
  if (ports.length === 0) {
    const fallback =
      integerOf(targetPort) ?? (targetPort === undefined ? integerOf(port) : undefined);
    return isPort(fallback) ? [fallback] : [];
  }
  return ports
    .filter((item) => item !== undefined && (textOf(item.protocol) ?? 'TCP') === 'TCP')
    .filter((item) => (name ?? '') === '' || item?.name === name)
    .map((item) => integerOf(item?.port))
    .filter(isPort);
}

export function isPort(port: number | undefined): port is number {
  return port !== undefined && port >= 1 && port <= 65_535;
}

/** Unknown counts as ready. */
function isReady({ conditions }: SliceEndpoint): boolean {
  return objectOf(conditions)?.ready ?? true;
}

function isLastResort({ conditions }: SliceEndpoint): boolean {
  const { serving, terminating } = objectOf(conditions) ?? {};
  return (serving ?? true) && (terminating ?? false);
}

/** By address, then port. */
export function sortEndpoints<T extends Endpoint>(endpoints: readonly T[]): readonly T[] {
  return endpoints.toSorted((a, b) => {
    if (a.address !== b.address) return a.address < b.address ? -1 : 1;
    return a.port - b.port;
  });
}
