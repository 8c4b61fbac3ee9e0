import { isIPv6 } from 'node:net';
import type { Endpoint } from '../model/config.ts';
import { parseAddress } from './endpoint-address.ts';
import { parseExternalName } from './external-name.ts';
import { integerOf, objectOf, objectsOf, textOf, textsOf } from './loose.ts';
import type { NodePlace } from './node-places.ts';
import { isPort, sortEndpoints, type ServingEndpoint } from './slice-endpoints.ts';
import type { Service, ServicePort } from './snapshot.ts';

/** Where a Service port is offered by the cluster itself; kube-proxy or a load balancer spreads over its endpoints. */
export interface Exposure {
  readonly endpoints: readonly Endpoint[];
  /** Why there is none: half a sentence about the Service. */
  readonly lack: string;
}

/**
 * One address, though a Service of two families has two: both lead to the same pods. The first whose family has an endpoint,
 * since kube-proxy refuses what comes by the other. Undefined: headless, so there is none.
 */
export function clusterIpOf(
  service: Service,
  { port }: ServicePort,
  serving: readonly ServingEndpoint[],
): Exposure | undefined {
  const { clusterIP, clusterIPs } = objectOf(service.spec) ?? {};
  const addresses = [textOf(clusterIP) ?? '', ...textsOf(clusterIPs)]
    .map(parseAddress)
    .filter((address) => address !== undefined);
  if (addresses.length === 0) return undefined;
  const address = addresses.find((candidate) => hasFamilyOf(serving, candidate));
  const number = integerOf(port);
  const endpoints = address !== undefined && isPort(number) ? [{ address, port: number }] : [];
  return { endpoints, lack: 'has no endpoint of the families of its cluster IPs' };
}

/**
 * Each Node's address and the port that all Nodes have for the Service. `externalTrafficPolicy: Local`: Nodes with an
 * endpoint alone, the others drop what comes; a Node's share is then that of its endpoints.
 */
export function nodePortsOf(
  service: Service,
  { nodePort }: ServicePort,
  serving: readonly ServingEndpoint[],
  nodes: readonly NodePlace[],
): Exposure {
  const port = integerOf(nodePort);
  if (!isPort(port)) {
    return {
      endpoints: [],
      lack: 'has no node port, since its type is not NodePort or LoadBalancer',
    };
  }
  const isLocal = objectOf(service.spec)?.externalTrafficPolicy === 'Local';
  const endpoints: Endpoint[] = [];
  for (const { name, ipv4, ipv6 } of nodes) {
    const reached = isLocal ? serving.filter(({ nodeName }) => nodeName === name) : serving;
    const address = [ipv4, ipv6].find((candidate) => hasFamilyOf(reached, candidate));
    if (address === undefined) continue;
    const weight = reached.filter((endpoint) => isSameFamily(endpoint.address, address)).length;
    endpoints.push({ address, port, ...(isLocal ? { weight } : {}) });
  }
  const lack = isLocal
    ? 'has no endpoint on a Node that is ready and not excluded (externalTrafficPolicy: Local)'
    : 'is offered by Nodes, and of these none is known that is ready and not excluded';
  return { endpoints: withoutEvenWeights(sortEndpoints(endpoints)), lack };
}

/** Names of the load balancer that DNS must be asked for. */
export function loadBalancerNames(
  service: Service,
  options: { readonly allowLocalEndpoints: boolean },
): readonly string[] {
  const names = ingressOf(service).map((entry) => {
    if (parseAddress(textOf(entry.ip) ?? '') !== undefined) return undefined;
    const parsed = parseExternalName(textOf(entry.hostname) ?? '', options);
    return parsed?.kind === 'name' ? parsed.value : undefined;
  });
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** What `status.loadBalancer` names: addresses, and what DNS says of names. */
export function loadBalancerOf(
  service: Service,
  { port }: ServicePort,
  resolved: readonly string[],
): Exposure {
  const number = integerOf(port);
  const texts = ingressOf(service).flatMap(({ ip, hostname }) => [ip, hostname]);
  const written = texts.map((text) => parseAddress(textOf(text) ?? ''));
  const addresses = [...written, ...resolved.map(parseAddress)];
  const distinct = [...new Set(addresses.filter((address) => address !== undefined))];
  return {
    endpoints: isPort(number)
      ? sortEndpoints(distinct.map((address) => ({ address, port: number })))
      : [],
    lack: 'has no load balancer with an address',
  };
}

type LoadBalancerIngress = NonNullable<
  NonNullable<NonNullable<Service['status']>['loadBalancer']>['ingress']
>[number];

function ingressOf({ status }: Service): readonly LoadBalancerIngress[] {
  const entries = objectsOf(objectOf(objectOf(status)?.loadBalancer)?.ingress);
  return entries.filter((entry) => entry !== undefined);
}

function hasFamilyOf(serving: readonly ServingEndpoint[], address: string | undefined): boolean {
  return address !== undefined && serving.some((each) => isSameFamily(each.address, address));
}

function isSameFamily(a: string, b: string): boolean {
  return isIPv6(a) === isIPv6(b);
}

function withoutEvenWeights(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const [first] = endpoints;
  if (endpoints.some(({ weight }) => weight !== first?.weight)) return endpoints;
  return endpoints.map(({ address, port }) => ({ address, port }));
}
