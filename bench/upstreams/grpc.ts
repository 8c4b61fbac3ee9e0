import { createServer, type Socket } from 'node:net';

/**
 * The upstream of gRPC, as a program of its own: `node grpc.ts PORT MESSAGE_BYTES`. HTTP/2 without TLS, by hand: each request
 * gets the same message, and nothing of it is read but where it ends, so that this costs little beside what is measured.
 * Source: RFC 9113 §4, §6.
 */
const [port = 0, messageBytes = 0] = process.argv.slice(2).map(Number);

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
/** What may have come before the peer is told that there is room again. */
const WINDOW_STEP = 16_384;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields that no table remembers. Source: RFC 7541 §6.2.2. */
function literal(name: string, value: string): Buffer {
  return Buffer.from(
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
    'latin1',
  );
}

/** Length-prefixed, not compressed, all zeros. */
function message(): Buffer {
  const bytes = Buffer.alloc(messageBytes);
  bytes.writeUInt32BE(messageBytes - 5, 1);
  return bytes;
}

const STATUS_200 = Buffer.from([0x88]);
const parts: readonly Buffer[] = [
  frame(
    HEADERS,
    END_HEADERS,
    0,
    Buffer.concat([STATUS_200, literal('content-type', 'application/grpc')]),
  ),
  frame(DATA, 0, 0, message()),
  frame(HEADERS, END_HEADERS | END_STREAM, 0, literal('grpc-status', '0')),
];
const template = Buffer.concat(parts);
const streamOffsets = parts.map(
  (_, index) => parts.slice(0, index).reduce((sum, part) => sum + part.length, 0) + 5,
);

function answer(stream: number): Buffer {
  const bytes = Buffer.from(template);
  for (const offset of streamOffsets) bytes.writeUInt32BE(stream, offset);
  return bytes;
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, 0, payload);
}

/** One connection: what comes, and what to say to it. */
class Connection {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #toSkip = PREFACE_BYTES;
  #received = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  }

  take(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const replies: Buffer[] = [];
    let offset = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= offset;
    while (bytes.length - offset >= HEAD_BYTES) {
      const end = offset + HEAD_BYTES + bytes.readUIntBE(offset, 3);
      if (end > bytes.length) break;
      this.#onFrame(bytes.subarray(offset, end), replies);
      offset = end;
    }
    this.#rest = bytes.subarray(offset);
    if (replies.length > 0) this.#socket.write(Buffer.concat(replies));
  }

  #onFrame(bytes: Buffer, replies: Buffer[]): void {
    const [type = 0, flags = 0] = bytes.subarray(3, 5);
    const payload = bytes.subarray(HEAD_BYTES);
    const isAck = (flags & ACK) !== 0;
    if (type === SETTINGS && !isAck) replies.push(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    if (type === PING && !isAck) replies.push(frame(PING, ACK, 0, payload));
    if (type === DATA) this.#received += payload.length;
    if (this.#received >= WINDOW_STEP) {
      replies.push(windowUpdate(this.#received));
      this.#received = 0;
    }
    const isEnd = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
    if (isEnd) replies.push(answer(bytes.readUInt32BE(5)));
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const connection = new Connection(socket);
  socket.on('data', (chunk: Buffer) => {
    connection.take(chunk);
  });
  socket.on('error', () => socket.destroy());
});
server.listen(port, '127.0.0.1', 4_096);
