import ipaddr from 'ipaddr.js';
import type { CidrList } from '../model/filter-config.ts';

/** First and last address of an IPv4 block, as numbers. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * A CidrList made fast. An IPv4-mapped IPv6 address is its IPv4 address, in the list and in the question, and so `::/0`
 * means every IPv6 address but those.
 */
export class AddressList {
  /** Sorted; none touches another. */
  readonly #v4: readonly Range[];
  readonly #v6: readonly (readonly [ipaddr.IPv6, number])[];

  /** Throws where an entry is no address or block: translate/ lets none through. */
  constructor(cidrs: CidrList) {
    const v4: Range[] = [];
    const v6: [ipaddr.IPv6, number][] = [];
    for (const cidr of cidrs) {
      const [address, prefixLength] = parseCidr(cidr);
      if (address instanceof ipaddr.IPv6) v6.push([address, prefixLength]);
      else v4.push(rangeOf(numberOf(address), prefixLength));
    }
    this.#v4 = mergeRanges(v4);
    this.#v6 = v6;
  }

  /** Whether any block covers `address`, an IPv4 or IPv6 literal without brackets. False for what is neither. */
  matches(address: string): boolean {
    if (this.#v4.length + this.#v6.length === 0) return false;
    // The prefix: an IPv4 client on a socket that listens for both.
    const number = parseIpv4(address, address.startsWith('::ffff:') ? 7 : 0);
    return number === undefined ? this.#matchesV6(address) : isWithin(this.#v4, number);
  }

  #matchesV6(text: string): boolean {
    const address = parseIpv6(text);
    if (address === undefined) return false;
    if (address.isIPv4MappedAddress()) return isWithin(this.#v4, numberOf(address.toIPv4Address()));
    return this.#v6.some((block) => address.match(block[0], block[1]));
  }
}

function parseCidr(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const [address, prefixLength] = cidr.includes('/')
    ? ipaddr.parseCIDR(cidr)
    : [ipaddr.parse(cidr), undefined];
  if (address instanceof ipaddr.IPv4) return [address, prefixLength ?? 32];
  const length = prefixLength ?? 128;
  const isMapped = address.isIPv4MappedAddress() && length >= 96;
  return isMapped ? [address.toIPv4Address(), length - 96] : [address, length];
}

function numberOf(address: ipaddr.IPv4): number {
  return address.octets.reduce((number, octet) => number * 256 + octet, 0);
}

function rangeOf(address: number, prefixLength: number): Range {
  const size = 2 ** (32 - prefixLength);
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

function mergeRanges(ranges: Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of ranges.sort((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1) {
      merged.push(range);
    } else {
      const last = Math.max(previous.last, range.last);
      merged[merged.length - 1] = { first: previous.first, last };
    }
  }
  return merged;
}

/** Binary search. */
function isWithin(ranges: readonly Range[], address: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (address < range.first) high = middle - 1;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** Four decimals without leading zeros from `start` to the end; undefined for anything else. Allocates nothing. */
function parseIpv4(text: string, start: number): number | undefined {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (octet === 0) return undefined;
      octet = octet === -1 ? digit : octet * 10 + digit;
      if (octet > 255) return undefined;
    } else {
      if (text[i] !== '.' || octet === -1 || ++dots > 3) return undefined;
      address = address * 256 + octet;
      octet = -1;
    }
  }
  return dots === 3 && octet !== -1 ? address * 256 + octet : undefined;
}

function parseIpv6(text: string): ipaddr.IPv6 | undefined {
  try {
    return ipaddr.IPv6.parse(text);
  } catch {
    return undefined; // not an address
  }
}
