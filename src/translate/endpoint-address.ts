import ipaddr from 'ipaddr.js';

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
