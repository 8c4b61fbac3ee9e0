import { createServer } from 'node:net';

/**
 * The upstream of all peers, as a program of its own: `node upstream.ts PORT BODY_BYTES`. It answers each request with the
 * same bytes, and does as little as can be done for that, because it shares a core with the load.
 */
const [port, bodyBytes] = process.argv.slice(2).map(Number);

const body = answerBody(bodyBytes ?? 0);
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  'latin1',
);

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (let length = requestLength(rest); length > 0; length = requestLength(rest)) {
      rest = rest.slice(length);
      socket.write(answer);
    }
  });
  socket.on('error', () => socket.destroy());
});
if (port !== undefined && process.argv[1] === import.meta.filename)
  server.listen(port, '127.0.0.1');

/** What every answer must hold. */
export function answerBody(bytes: number): string {
  return 'ts-nginx bench. '.repeat(Math.ceil(bytes / 16)).slice(0, bytes);
}

/** Bytes of the first request in `text`, body included; 0: it is not complete. */
function requestLength(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const [, declared = '0'] = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, head + 2)) ?? [];
  const length = head + 4 + Number(declared);
  return text.length >= length ? length : 0;
}
