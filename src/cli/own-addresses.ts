import type { NetworkInterfaceInfo } from 'node:os';
import { parseAddress } from '../translate/endpoint-address.ts';

/**
 * Every address by which this process can be reached directly: those of its interfaces, and those that the cluster gave its
 * pod (`podAddresses`: each a list with commas), as `parseAddress` spells them.
 */
export function findOwnAddresses(
  interfaces: NodeJS.Dict<readonly NetworkInterfaceInfo[]>,
  podAddresses: readonly string[],
): ReadonlySet<string> {
  const found = Object.values(interfaces).flatMap((list) => list?.map(({ address }) => address));
  const given = podAddresses.flatMap((text) => text.split(',')).map((text) => text.trim());
  const addresses = [...found, ...given].map((text) => parseAddress(text ?? ''));
  return new Set(addresses.filter((address) => address !== undefined));
}
