/** What one stream may cost while its other side does not read: 256 KiB at most (security.md §4). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClient, type RawClient } from './harness/raw-client.ts';
import { startProxy } from './harness/start-proxy.ts';
import { startRawUpstream } from './harness/upstream.ts';
import { usedBytes } from './harness/used-bytes.ts';

const MAX_STREAM_BYTES = 262_144;
const STREAMS = 24;

/** Writes pieces, one at a time and each read alone, until the far side takes no more. */
async function fill(socket: Socket, piece: Buffer): Promise<void> {
  for (let count = 0; count < 4_000; count++) {
    if (!socket.write(piece)) {
      const drained = once(socket, 'drain').then(() => true);
      if (!(await Promise.race([drained, sleep(150, false)]))) return;
    }
    await new Promise(setImmediate);
  }
}

for (const { name, size } of [
  { name: 'large pieces', size: 65_536 },
  { name: 'pieces just too large to be copied', size: 5_000 },
]) {
  test(`an answer that nobody reads, in ${name}`, async (t) => {
    const opened: Socket[] = [];
    const upstream = await startRawUpstream(t, (socket) => {
      socket.setNoDelay(true);
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        opened.push(socket);
      });
    });
    const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
    const clients: RawClient[] = [];
    for (let index = 0; index < STREAMS; index++) {
      const client = await connectClient(t, proxy.httpPort);
      client.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
      await client.waitFor('\r\n\r\n');
      client.socket.pause();
      clients.push(client);
    }
    const piece = Buffer.alloc(size, 'x');
    const before = await usedBytes();
    await Promise.all(opened.map((socket) => fill(socket, piece)));
    const queued = opened.reduce((sum, socket) => sum + socket.writableLength, 0);
    const each = ((await usedBytes()) - before - queued) / STREAMS;
    t.diagnostic(`${Math.round(each)} bytes a stream`);
    assert.ok(each < MAX_STREAM_BYTES, `${each} bytes a stream`);
  });
}

for (const { name, piece } of [
  { name: 'large pieces', piece: Buffer.alloc(65_536, 'x') },
  { name: 'pieces just too large to be copied', piece: Buffer.alloc(5_000, 'x') },
]) {
  for (const method of ['PUT', 'POST']) {
    test(`a body of ${method} that nobody reads, in ${name}`, async (t) => {
      const heads = Promise.withResolvers<undefined>();
      let taken = 0;
      const upstream = await startRawUpstream(t, (socket) => {
        socket.once('data', () => {
          socket.pause();
          taken += 1;
          if (taken === STREAMS) heads.resolve(undefined);
        });
      });
      const proxy = await startProxy(t, {
        upstreams: [upstream.endpoint],
        virtualHosts: [{ name: 'app.test', routes: [{ maxBodyBytes: 'none' }] }],
      });
      const clients: RawClient[] = [];
      for (let index = 0; index < STREAMS; index++) {
        const client = await connectClient(t, proxy.httpPort);
        client.write(
          `${method} / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9999999999\r\n\r\n`,
        );
        clients.push(client);
      }
      await heads.promise;
      const before = await usedBytes();
      await Promise.all(clients.map(({ socket }) => fill(socket, piece)));
      const queued = clients.reduce((sum, { socket }) => sum + socket.writableLength, 0);
      const each = ((await usedBytes()) - before - queued) / STREAMS;
      t.diagnostic(`${Math.round(each)} bytes a stream`);
      assert.ok(each < MAX_STREAM_BYTES, `${each} bytes a stream`);
    });
  }
}
