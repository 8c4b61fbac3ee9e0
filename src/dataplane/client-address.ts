import { isIP } from 'node:net';
import type { AddressList } from './address-list.ts';

const V4_WITH_PORT = /^([0-9.]+):[0-9]+$/;
const V6_IN_BRACKETS = /^\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?$/;

/**
 * The client behind trusted hops: from the right end of `chain`, the first address that is not trusted; all trusted: the
 * leftmost. An entry that is no address ends the search at the last good one, which at first is `peer`. Source: routing.md §11.
 */
export function effectiveAddress(
  chain: string | undefined,
  peer: string,
  trusted: AddressList,
): string {
  if (chain === undefined) return peer;
  let found = peer;
  let end = chain.length;
  while (end > 0) {
    const comma = chain.lastIndexOf(',', end - 1);
    const address = addressOf(chain.slice(comma + 1, end).trim());
    if (address === undefined) return found;
    found = address;
    if (!trusted.matches(address)) return found;
    end = comma;
  }
  return found;
}

/** The address of an entry, which may carry a port. */
function addressOf(entry: string): string | undefined {
  const bare = V4_WITH_PORT.exec(entry)?.[1] ?? V6_IN_BRACKETS.exec(entry)?.[1] ?? entry;
  return isIP(bare) === 0 || bare.includes('%') ? undefined : plainAddress(bare);
}

const V4_MAPPED = /^::ffff:([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/i;

/** An IPv4 address that came as IPv6, as dual-stack sockets report them, as IPv4. */
export function plainAddress(address: string): string {
  return V4_MAPPED.exec(address)?.[1] ?? address;
}
