import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { echoAnswer, echoRequest } from './echo-frames.ts';

/**
 * The upstream of WebSockets, as a program of its own: `node echo.ts PORT PAYLOAD_BYTES`. After the handshake it expects
 * messages of that size alone, and sends each back.
 */
const [port = 0, payloadBytes = 0] = process.argv.slice(2).map(Number);
const requestBytes = echoRequest(payloadBytes).length;
/** Source: RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function handshake(head: string): string {
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (!isOpen) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.write(handshake(rest.toString('latin1', 0, end + 2)));
      rest = rest.subarray(end + 4);
      isOpen = true;
    }
    for (; rest.length >= requestBytes; rest = rest.subarray(requestBytes)) {
      socket.write(echoAnswer(rest.subarray(requestBytes - payloadBytes, requestBytes)));
    }
  });
  socket.on('error', () => socket.destroy());
}

createServer({ noDelay: true }, serve).listen(port, '127.0.0.1', 4_096);
