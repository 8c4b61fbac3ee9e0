import ipaddr from 'ipaddr.js';
import type { Endpoint } from '../model/config.ts';

/** Cloud metadata at addresses that no range gives away. */
const METADATA = new Set(['fd00:ec2::254', 'fd20:ce::254']);

const REFUSED_RANGES = new Set(['loopback', 'linkLocal', 'unspecified', 'multicast', 'broadcast']);

/** An IP literal in its canonical spelling, an IPv4 address in IPv6 clothes as IPv4. Undefined for anything else. */
export function parseAddress(text: string): string | undefined {
  const isFourPart = ipaddr.IPv4.isValidFourPartDecimal(text);
  if (!isFourPart && (!text.includes(':') || !ipaddr.IPv6.isValid(text))) return undefined;
  // A zone ties an address to one machine's interface.
  if (text.includes('%')) return undefined;
  return ipaddr.process(text).toString();
}

/**
 * Loopback, link-local (cloud metadata is there), unspecified, and what can't be one endpoint at all: a tenant must not aim
 * the proxy at itself or at its machine. `address` as `parseAddress` gives it. Source: security.md 10.5.
 */
export function isLocalAddress(address: string): boolean {
  if (METADATA.has(address)) return true;
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === 'ipv4' && address.startsWith('0.')) return true;
  return REFUSED_RANGES.has(parsed.range());
}

export interface OwnPlaces {
  readonly ownAddresses: ReadonlySet<string>;
  readonly ownPorts: ReadonlySet<number>;
}

/**
 * Whether what is sent there comes back to this controller: to its proxy, without end, or to its admin port. Both address and
 * port must be ours, since on the node's network other pods have the same address. Source: security.md 10.5.
 */
export function isOwnEndpoint(
  { address, port }: Endpoint,
  { ownAddresses, ownPorts }: OwnPlaces,
): boolean {
  return ownPorts.has(port) && (ownAddresses.has(address) || isThisHost(address));
}

/** The unspecified address too: to connect there is to connect to loopback. */
function isThisHost(address: string): boolean {
  const range = ipaddr.parse(address).range();
  return range === 'loopback' || range === 'unspecified';
}
