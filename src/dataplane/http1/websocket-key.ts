import { createHash, randomBytes } from 'node:crypto';
import type { UpstreamRequest } from '../codec.ts';
import type { FieldList } from '../fields.ts';

const KEY = 'sec-websocket-key';
const ACCEPT = 'sec-websocket-accept';
const KEY_BYTES = 16;
/** RFC 6455 §1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The key that a WebSocket's handshake lacks when it came over HTTP/2, which has none (RFC 8441 §5), while an HTTP/1.1
 * endpoint wants one (RFC 6455 §4.2.1). What the endpoint makes of it is of no use to the client, and is not passed on.
 */
export function createWebSocketKey(request: UpstreamRequest): string | undefined {
  const { upgrade, protocol, fields } = request;
  if (!upgrade || protocol !== 'HTTP/2.0' || valueOf(fields, KEY) !== undefined) return undefined;
  return randomBytes(KEY_BYTES).toString('base64');
}

/** What came with a 101 shows that the endpoint has read this key (RFC 6455 §4.1). */
export function acceptsKey(fields: FieldList, key: string): boolean {
  const want = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  return valueOf(fields, ACCEPT) === want;
}

function valueOf({ names, values }: FieldList, wanted: string): string | undefined {
  return values[names.findIndex((name) => name.toLowerCase() === wanted)];
}
