import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { echoAnswer, echoRequest } from '../upstreams/echo-frames.ts';
import { answerBody } from '../upstreams/answer-body.ts';
import type { LoadGenerator, LoadResult, LoadShape } from './load.ts';
import { percentile } from './percentile.ts';
import { programShape, runProgram } from './program.ts';

/** Messages over WebSocket, each sent once the one before came back; every echo is compared with what was sent. */
export const echoLoad: LoadGenerator = {
  name: 'own generator (WebSocket)',
  run: (shape) => runProgram('echo-load', shape),
};

async function runEchoes(shape: LoadShape): Promise<LoadResult> {
  const message = echoRequest(shape.responseBodyBytes);
  const wanted = echoAnswer(Buffer.from(answerBody(shape.responseBodyBytes)));
  const latenciesMs: number[] = [];
  let failed = 0;
  const sockets = await Promise.all(
    Array.from({ length: shape.connections }, (_, index) =>
      open(shape.port, shape.hosts[index % shape.hosts.length] ?? ''),
    ),
  );
  const startedAt = performance.now();
  const endsAt = startedAt + shape.seconds * 1_000;
  await Promise.all(
    sockets.map(async (socket) => {
      let received: Buffer = Buffer.alloc(0);
      let sentAt = startedAt;
      const closed = once(socket, 'close');
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        if (received.length < wanted.length) return;
        if (!received.equals(wanted)) failed += 1;
        received = Buffer.alloc(0);
        const now = performance.now();
        latenciesMs.push(now - sentAt);
        if (now >= endsAt) socket.destroy();
        else {
          sentAt = now;
          socket.write(message);
        }
      });
      socket.write(message);
      await closed;
      if (performance.now() < endsAt) failed += 1;
    }),
  );
  const sorted = latenciesMs.sort((one, other) => one - other);
  return {
    requests: sorted.length,
    seconds: (performance.now() - startedAt) / 1_000,
    failed,
    bytes: sorted.length * wanted.length,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

/** A connection after the handshake. */
async function open(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dHMtbmdpbngtYmVuY2gtMQ==\r\n\r\n`,
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    head += chunk.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${head}`);
  return socket;
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await runEchoes(programShape())));
}
