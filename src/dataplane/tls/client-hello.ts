import { parseClientHello, type ClientHello } from './client-hello-message.ts';

export type { ClientHello } from './client-hello-message.ts';

const HANDSHAKE_RECORD = 22;
const VERSION_MAJOR = 3;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16_384;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER_BYTES = 4;
/** Of one message, its header included. Browsers send two thousand bytes, with keys that quantum computers don't break. */
const MAX_MESSAGE_BYTES = 16_384;
const FIRST_CAPACITY = 2_048;

/** Reads the ClientHello that begins a connection; what follows it does not matter, unless it is in the same record. */
export function readClientHello(bytes: Buffer): ClientHello | 'incomplete' | 'malformed' {
  return new ClientHelloReader().push(bytes);
}

/**
 * Reads the ClientHello that begins a connection, however it is cut into segments and records; takes time and memory in
 * proportion to its length, which is bounded. Source: RFC 8446 §4, §4.1.2, §5.1.
 */
export class ClientHelloReader {
  readonly #received = new GrowingBytes();
  readonly #message = new GrowingBytes();
  /** Where the next record begins in `#received`. */
  #recordAt = 0;

  /** All bytes that came; put them back for who goes on. */
  get received(): Buffer {
    return this.#received.bytes;
  }

  /** To be called until the answer is another than `incomplete`, then no more. */
  push(chunk: Buffer): ClientHello | 'incomplete' | 'malformed' {
    this.#received.add(chunk);
    for (;;) {
      const step = this.#readRecord();
      if (step === 'malformed' || step === 'incomplete') return step;
      const hello = this.#readMessage();
      if (hello !== 'incomplete') return hello;
    }
  }

  #readRecord(): 'read' | 'incomplete' | 'malformed' {
    const rest = this.#received.bytes.subarray(this.#recordAt);
    const [type = HANDSHAKE_RECORD, major = VERSION_MAJOR] = rest;
    if (type !== HANDSHAKE_RECORD || major !== VERSION_MAJOR) return 'malformed';
    if (rest.length < RECORD_HEADER_BYTES) return 'incomplete';
    const length = rest.readUInt16BE(RECORD_HEADER_BYTES - 2);
    if (length === 0 || length > MAX_RECORD_BYTES) return 'malformed';
    const end = RECORD_HEADER_BYTES + length;
    if (rest.length < end) return 'incomplete';
    this.#message.add(rest.subarray(RECORD_HEADER_BYTES, end));
    this.#recordAt += end;
    return 'read';
  }

  #readMessage(): ClientHello | 'incomplete' | 'malformed' {
    const message = this.#message.bytes;
    if (message[0] !== CLIENT_HELLO) return 'malformed';
    if (message.length < MESSAGE_HEADER_BYTES) return 'incomplete';
    const end = MESSAGE_HEADER_BYTES + message.readUIntBE(1, 3);
    // Nothing may follow it in its record: keys may change behind it (RFC 8446 §5.1).
    if (end > MAX_MESSAGE_BYTES || message.length > end) return 'malformed';
    if (message.length < end) return 'incomplete';
    return parseClientHello(message.subarray(MESSAGE_HEADER_BYTES)) ?? 'malformed';
  }
}

/** Bytes in a row that are added to at the end; each is copied a few times, however small the pieces are. */
class GrowingBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;

  /** Good until more is added. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const capacity = Math.max(2 * this.#buffer.length, length, FIRST_CAPACITY);
      const larger = Buffer.allocUnsafe(capacity);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.#length);
    this.#length = length;
  }
}
