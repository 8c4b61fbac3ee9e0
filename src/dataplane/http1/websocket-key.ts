import { randomBytes } from 'node:crypto';
import type { UpstreamRequest } from '../codec.ts';

const KEY = 'sec-websocket-key';
const KEY_BYTES = 16;

/**
 * The line that a WebSocket's handshake lacks when it came over HTTP/2, which has no key (RFC 8441 §5), while an HTTP/1.1
 * endpoint wants one (RFC 6455 §4.2.1). What the endpoint makes of it is of no use to the client, and is not passed on.
 */
export function webSocketKeyLine({ protocol, fields }: UpstreamRequest): string {
  if (protocol !== 'HTTP/2.0') return '';
  if (fields.names.some((name) => name.toLowerCase() === KEY)) return '';
  return `Sec-WebSocket-Key: ${randomBytes(KEY_BYTES).toString('base64')}\r\n`;
}
