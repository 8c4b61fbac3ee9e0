/** Many WebSockets, and large messages; test/blackbox/websocket.test.ts has all else. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import type { WebSocket } from 'ws';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import {
  echo,
  nextClose,
  nextMessage,
  openWebSocket,
  startWebSocketEndpoint,
} from '../blackbox/harness/websocket.ts';

const LARGE_BYTES = 16 * 1024 * 1024;
const SOCKETS = 1_000;

for (const perMessageDeflate of [false, true]) {
  test(`messages of 16 MiB, ${perMessageDeflate ? 'deflated' : 'as they are'}`, async (t) => {
    const { endpoint } = await startWebSocketEndpoint(t, echo, { perMessageDeflate });
    const proxy = await startProxy(t, { upstreams: [endpoint] });
    const socket = await openWebSocket(t, proxy.httpPort, { perMessageDeflate });
    const sent = randomBytes(LARGE_BYTES);
    for (let round = 0; round < 3; round++) {
      const received = nextMessage(socket);
      socket.send(sent);
      assert.ok((await received).data.equals(sent), `round ${round}`);
    }
  });
}

test('a message of 16 MiB in fragments of one frame each KiB', async (t) => {
  const { endpoint } = await startWebSocketEndpoint(t, echo);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const socket = await openWebSocket(t, proxy.httpPort);
  const piece = randomBytes(1_024);
  const count = LARGE_BYTES / piece.length;
  const received = nextMessage(socket);
  for (let index = 1; index <= count; index++) socket.send(piece, { fin: index === count });
  const { data } = await received;
  assert.equal(data.length, LARGE_BYTES);
  assert.ok(data.subarray(-1_024).equals(piece));
});

test(`${SOCKETS} sockets at once, each with its own answers, and a proper close for all`, async (t) => {
  const { endpoint, server } = await startWebSocketEndpoint(t, echo);
  const proxy = await startProxy(t, { upstreams: [endpoint] });
  const sockets: WebSocket[] = [];
  for (let index = 0; index < SOCKETS; index += 50) {
    const batch = Array.from({ length: 50 }, () => openWebSocket(t, proxy.httpPort));
    sockets.push(...(await Promise.all(batch)));
  }
  assert.equal(server.clients.size, SOCKETS);
  for (let round = 0; round < 3; round++) {
    const answers = sockets.map((socket) => nextMessage(socket));
    sockets.forEach((socket, index) => {
      socket.send(`${round} ${index}`);
    });
    const texts = (await Promise.all(answers)).map(({ data }) => data.toString());
    assert.deepEqual(
      texts,
      sockets.map((_, index) => `${round} ${index}`),
    );
  }
  const closes = sockets.map((socket) => nextClose(socket));
  for (const far of server.clients) far.close(1001, 'going away');
  const codes = new Set((await Promise.all(closes)).map(({ code }) => code));
  assert.deepEqual([...codes], [1001]);
  while (proxy.records.length < SOCKETS) await proxy.nextRecord();
  assert.ok(proxy.records.every(({ status }) => status === 101));
});
