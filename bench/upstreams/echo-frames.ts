import { answerBody } from './answer-body.ts';

/** Frames of the echo over WebSocket: one binary message of 126 to 65,535 bytes. Source: RFC 6455 §5.2. */
const BINARY = 0x82;
const LENGTH_IN_16_BITS = 126;
const MASKED = 0x80;

/** As a client sends it. The mask is zero: proxies pass it on unread, and the echo need not undo it. */
export function echoRequest(payloadBytes: number): Buffer {
  const head = Buffer.from([BINARY, MASKED | LENGTH_IN_16_BITS, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(payloadBytes, 2);
  return Buffer.concat([head, Buffer.from(answerBody(payloadBytes))]);
}

/** As a server sends it. */
export function echoAnswer(payload: Buffer): Buffer {
  const head = Buffer.from([BINARY, LENGTH_IN_16_BITS, 0, 0]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
