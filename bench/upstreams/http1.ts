import { createServer, type Socket } from 'node:net';
import { answerBody } from './answer-body.ts';

/**
 * The upstream of most cells, as a program of its own: `node http1.ts PORT BODY_BYTES [chunked]`. It answers each request
 * with the same bytes, and does as little as can be done for that, because it shares a core with the load.
 */
const [port = 0, bodyBytes = 0] = process.argv.slice(2).map(Number);
const isChunked = process.argv[4] === 'chunked';
/** Longer answers are written piece by piece, as the proxy takes them. */
const PIECE_BYTES = 1_048_576;
const CHUNK_BYTES = 1_024;
const HEAD_END = '\r\n\r\n';

/** Bytes of one answer, in pieces. */
function answerPieces(): Buffer[] {
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bodyBytes}`;
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${framing}\r\n\r\n`;
  if (isChunked) return [Buffer.from(head + chunkedBody())];
  const first = Buffer.from(head + answerBody(bodyBytes % PIECE_BYTES));
  const piece = Buffer.from(answerBody(PIECE_BYTES));
  return [first, ...Array<Buffer>(Math.floor(bodyBytes / PIECE_BYTES)).fill(piece)];
}

function chunkedBody(): string {
  const chunk = `${CHUNK_BYTES.toString(16)}\r\n${answerBody(CHUNK_BYTES)}\r\n`;
  return `${chunk.repeat(bodyBytes / CHUNK_BYTES)}0\r\n\r\n`;
}

function send(socket: Socket, pieces: readonly Buffer[], from = 0): void {
  for (let index = from; index < pieces.length; index++) {
    const piece = pieces[index];
    if (piece !== undefined && !socket.write(piece)) {
      socket.once('drain', () => {
        send(socket, pieces, index + 1);
      });
      return;
    }
  }
}

/** Finds the ends of requests in what a connection brings. Bodies have a `Content-Length`. */
class RequestCounter {
  #rest: Buffer = Buffer.alloc(0);
  #bodyLeft = 0;

  /** How many requests `chunk` completes. */
  count(chunk: Buffer): number {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let requests = 0;
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#bodyLeft === 0) {
        const end = bytes.indexOf(HEAD_END, offset, 'latin1');
        if (end < 0) break;
        this.#bodyLeft = declaredLength(bytes.toString('latin1', offset, end + 2));
        offset = end + HEAD_END.length;
      }
      const taken = Math.min(this.#bodyLeft, bytes.length - offset);
      offset += taken;
      this.#bodyLeft -= taken;
      if (this.#bodyLeft === 0) requests += 1;
    }
    this.#rest = Buffer.from(bytes.subarray(offset));
    return requests;
  }
}

function declaredLength(head: string): number {
  if (head.startsWith('GET')) return 0;
  return Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
}

const pieces = answerPieces();
const server = createServer({ noDelay: true }, (socket) => {
  const counter = new RequestCounter();
  socket.on('data', (chunk: Buffer) => {
    for (let left = counter.count(chunk); left > 0; left--) send(socket, pieces);
  });
  socket.on('error', () => socket.destroy());
});
server.listen(port, '127.0.0.1', 4_096);
