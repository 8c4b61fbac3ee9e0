import type { SessionCookie } from '../model/config.ts';

/** What of a client decides about the attributes of its cookie. */
export interface CookieClient {
  readonly isTls: boolean;
  /** Empty: it said none. */
  readonly userAgent: string;
  readonly unixMs: number;
}

/** Value of Set-Cookie, its attributes in ingress-nginx's order. Source: annotations.yaml `session-cookie-*`. */
export function sessionCookieText(
  cookie: SessionCookie,
  value: string,
  { isTls, userAgent, unixMs }: CookieClient,
): string {
  let text = `${cookie.name}=${value}`;
  if (cookie.expiresSeconds !== undefined) {
    text += `; Expires=${cookieTime(unixMs + cookie.expiresSeconds * 1_000)}`;
  }
  if (cookie.maxAgeSeconds !== undefined) text += `; Max-Age=${cookie.maxAgeSeconds}`;
  if (cookie.domain !== undefined) text += `; Domain=${cookie.domain}`;
  text += `; Path=${cookie.path}`;
  if (cookie.secure === 'always' || isTls) text += '; Secure';
  text += '; HttpOnly';
  const { sameSite } = cookie;
  const isSpared =
    cookie.sparesOldClients && sameSite === 'None' && mistakesSameSiteNone(userAgent);
  return sameSite === undefined || isSpared ? text : `${text}; SameSite=${sameSite}`;
}

const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** `Wed, 21-Oct-15 07:28:00 GMT`: the old form with two digits for the year, which is what clients got so far. */
function cookieTime(unixMs: number): string {
  const [weekday, day = '', month, year = '', time] = new Date(
    Math.min(Math.max(unixMs, 0), LATEST_MS),
  )
    .toUTCString()
    .split(' ');
  return `${weekday} ${day}-${month}-${year.slice(2)} ${time} GMT`;
}

const OLD_CLIENT = /Chrome\/[456]|CPU iPhone OS 12|iPad; CPU OS 12/;

/** Clients that take `None` for `Strict`, or drop the cookie. */
function mistakesSameSiteNone(userAgent: string): boolean {
  if (OLD_CLIENT.test(userAgent)) return true;
  return (
    userAgent.includes('Macintosh') &&
    userAgent.includes('Intel Mac OS X 10_14') &&
    userAgent.includes('Safari') &&
    !userAgent.includes('Chrome')
  );
}
