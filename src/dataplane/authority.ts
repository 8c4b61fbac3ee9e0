import { isIPv6 } from 'node:net';

/**
 * Letters, digits, `-`, `_` and `~` between single dots, at most one dot after the last; then a port. Narrower than uri-host
 * of RFC 3986, which also allows escapes and sub-delimiters: no name that resolves has them, and they end up in logs and Location.
 */
const NAMED = /^((?:[0-9A-Za-z_~-]+\.)*[0-9A-Za-z_~-]+)\.?(?::([0-9]{1,5}))?$/;
const BRACKETED = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?$/;

const MAX_NAME_LENGTH = 253;
const MAX_PORT = 65_535;

/** The host of `host[:port]` in lower case, without port and trailing dot; IPv6 keeps its brackets. Undefined: not valid. */
export function parseAuthority(authority: string): string | undefined {
  const named = NAMED.exec(authority);
  if (named !== null) {
    const name = named[1] ?? '';
    return name.length <= MAX_NAME_LENGTH && isPort(named[2]) ? name.toLowerCase() : undefined;
  }
  const bracketed = BRACKETED.exec(authority);
  if (bracketed === null) return undefined;
  const address = bracketed[1] ?? '';
  return isIPv6(address) && isPort(bracketed[2]) ? `[${address.toLowerCase()}]` : undefined;
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= MAX_PORT;
}
