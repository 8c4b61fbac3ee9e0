import { isIPv6 } from 'node:net';

/**
 * Letters, digits, `-`, `_` and `~` between single dots, at most one dot after the last; then a port. Narrower than uri-host
 * of RFC 3986, which also allows escapes and sub-delimiters: no name that resolves has them, and they end up in logs and Location.
 */
const NAMED = /^((?:[0-9A-Za-z_~-]+\.)*[0-9A-Za-z_~-]+)\.?(?::([0-9]{1,5}))?$/;
const BRACKETED = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?$/;

const MAX_NAME_LENGTH = 253;
const DOT = 0x2e;
const DASH = 0x2d;
const MAX_PORT = 65_535;

/** The host of `host[:port]` in lower case, without port and trailing dot; IPv6 keeps its brackets. Undefined: not valid. */
export function parseAuthority(authority: string): string | undefined {
  if (isUsualName(authority)) return authority;
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

/** Lower-case letters, digits and dashes between single dots, and nothing else: it is its own host. */
function isUsualName(authority: string): boolean {
  const { length } = authority;
  if (length > MAX_NAME_LENGTH) return false;
  let hasLabel = false;
  for (let index = 0; index < length; index++) {
    const code = authority.charCodeAt(index);
    if (code === DOT) {
      if (!hasLabel) return false;
      hasLabel = false;
    } else {
      if (!isUsualLetter(code)) return false;
      hasLabel = true;
    }
  }
  return hasLabel;
}

function isUsualLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === DASH;
}

function isPort(digits: string | undefined): boolean {
  return digits === undefined || Number(digits) <= MAX_PORT;
}
