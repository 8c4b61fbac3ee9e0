import { isIP } from 'node:net';
import { isJsonObject, type JsonObject } from '../prune.ts';

/** An entry of `status.loadBalancer.ingress`. */
export type Address = { readonly ip: string } | { readonly hostname: string };

/** An IP address, or a host name. */
export function addressOf(text: string): Address {
  return isIP(text) === 0 ? { hostname: text } : { ip: text };
}

/** Each once, in an order that does not depend on where they came from. */
export function sortAddresses(addresses: readonly Address[]): readonly Address[] {
  const byText = new Map(addresses.map((address) => [textOf(address), address]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}

/** What `loadBalancer` of a status says, whatever is in it. */
export function addressesOfStatus(loadBalancer: unknown): readonly Address[] {
  const entries = isJsonObject(loadBalancer) ? loadBalancer['ingress'] : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): Address[] => {
    const { ip, hostname } = isJsonObject(entry) ? entry : {};
    return [
      ...(typeof ip === 'string' && ip !== '' ? [{ ip }] : []),
      ...(typeof hostname === 'string' && hostname !== '' ? [{ hostname }] : []),
    ];
  });
}

/** The same text for the same addresses, in whatever order. */
export function identityOf(addresses: readonly Address[]): string {
  return sortAddresses(addresses).map(textOf).join(' ');
}

/** Where a Service is reached from outside, by its type. Source: routing.md §14. */
export function addressesOfService(service: JsonObject): readonly Address[] {
  const spec = objectAt(service, 'spec');
  const external = textsAt(spec, 'externalIPs').map(addressOf);
  const clusterIp = textsAt({ ips: [spec['clusterIP']] }, 'ips').filter((ip) => ip !== 'None');
  switch (spec['type']) {
    case 'ExternalName':
      return textsAt({ names: [spec['externalName']] }, 'names').map((hostname) => ({ hostname }));
    case 'LoadBalancer': {
      const balancer = objectAt(service, 'status')['loadBalancer'];
      return sortAddresses([...addressesOfStatus(balancer), ...external]);
    }
    case 'NodePort':
      return external.length > 0 ? sortAddresses(external) : clusterIp.map(addressOf);
    default:
      return clusterIp.map(addressOf);
  }
}

/** A Node's external addresses, or its internal ones where there are none of those or the caller wants them. */
export function addressesOfNode(node: JsonObject, prefersInternal: boolean): readonly Address[] {
  const addresses = objectAt(node, 'status')['addresses'];
  const ofType = (type: string): Address[] =>
    (Array.isArray(addresses) ? addresses : [])
      .filter(isJsonObject)
      .filter((entry) => entry['type'] === type)
      .flatMap(({ address }) => (typeof address === 'string' ? [addressOf(address)] : []));
  const external = prefersInternal ? [] : ofType('ExternalIP');
  return external.length > 0 ? external : ofType('InternalIP');
}

function textOf(address: Address): string {
  return 'ip' in address ? address.ip : address.hostname;
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

function textsAt(object: JsonObject, field: string): string[] {
  const value = object[field];
  const texts: unknown[] = Array.isArray(value) ? value : [];
  return texts.filter((text) => typeof text === 'string' && text !== '') as string[];
}
