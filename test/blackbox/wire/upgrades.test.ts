/** When bytes stop being HTTP, and when not: security.md §6. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connectClient, type RawClient } from '../harness/raw-client.ts';
import { startRawUpstream } from '../harness/upstream.ts';
import { startProxy } from '../harness/start-proxy.ts';
import { ask, assertServesOn, request, startProbe } from './probe.ts';
import { echoed, ok, valuesOf } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

wireTest(['6.1'], 'a handshake goes upstream whole, and its 101 comes back', async (t) => {
  const { proxy, upstream } = await startProbe(t, { recording: { answer: () => SWITCHED } });
  const { status, fields } = await ask(t, proxy, request('GET /chat HTTP/1.1', ...HANDSHAKE));
  assert.equal(status, 101);
  assert.deepEqual(fields.get('upgrade'), ['websocket']);
  assert.match(fields.get('connection')?.[0] ?? '', /^upgrade$/i);
  assert.deepEqual(fields.get('sec-websocket-accept'), ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  assert.equal(fields.get('content-length') ?? fields.get('transfer-encoding'), undefined);
  const [received] = upstream.completed();
  assert.deepEqual(valuesOf(received, 'upgrade'), ['websocket']);
  assert.deepEqual(valuesOf(received, 'sec-websocket-key'), ['dGhlIHNhbXBsZSBub25jZQ==']);
});

for (const { name, bytes } of [
  {
    name: 'h2c',
    bytes: request(
      'GET / HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ),
  },
  {
    name: 'websocket among others',
    bytes: request('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket, h2c'),
  },
  {
    name: 'two Upgrade lines',
    bytes: request('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket'),
  },
  {
    name: 'Upgrade that Connection does not name',
    bytes: request('GET / HTTP/1.1', 'Upgrade: websocket'),
  },
  { name: 'Connection without Upgrade', bytes: request('GET / HTTP/1.1', 'Connection: Upgrade') },
  { name: 'POST', bytes: request('POST / HTTP/1.1', ...HANDSHAKE) },
  {
    name: 'a body of a length',
    bytes: `${request('GET / HTTP/1.1', ...HANDSHAKE, 'Content-Length: 5')}hello`,
  },
  {
    name: 'a body of chunks',
    bytes: `${request('GET / HTTP/1.1', ...HANDSHAKE, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  },
  { name: 'HTTP/1.0', bytes: request('GET / HTTP/1.0', ...HANDSHAKE) },
]) {
  wireTest(['6.1', '2.1'], `no upgrade, both fields dropped: ${name}`, async (t) => {
    const { proxy, upstream } = await startProbe(t);
    assert.equal((await ask(t, proxy, bytes)).status, 200);
    const [received] = upstream.completed();
    assert.deepEqual(valuesOf(received, 'upgrade'), []);
    assert.ok(!valuesOf(received, 'connection').join().toLowerCase().includes('upgrade'));
    assert.deepEqual(valuesOf(received, 'http2-settings'), []);
  });
}

wireTest(['6.2'], 'no byte of the tunnel goes upstream before its 101', async (t) => {
  const got: string[] = [];
  const headCame = Promise.withResolvers<Socket>();
  const bytesCame = Promise.withResolvers<undefined>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', (chunk) => {
      got.push(chunk.toString('latin1'));
      if (got.join('').includes('\r\n\r\n')) headCame.resolve(socket);
      if (got.join('').endsWith('early bytes')) bytesCame.resolve(undefined);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(`${request('GET / HTTP/1.1', ...HANDSHAKE)}early bytes`);
  const socket = await headCame.promise;
  await assertIsServed(t, proxy.httpPort);
  assert.ok(got.join('').endsWith('\r\n\r\n'), 'bytes of the tunnel came with the head');
  socket.write(SWITCHED);
  assert.equal((await client.readAnswer()).status, 101);
  await bytesCame.promise;
});

/** One whole exchange of another connection: whatever was under way in the proxy has happened. */
async function assertIsServed(t: TestContext, port: number): Promise<void> {
  const client = await connectClient(t, port);
  client.write('GET /healthz HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
  assert.equal((await client.readAnswer()).status, 200);
}

wireTest(['6.2', '1.15'], 'any other status leaves the connection in HTTP', async (t) => {
  const { proxy, upstream } = await startProbe(t, {
    virtualHosts: [
      {
        name: 'app.test',
        routes: [
          {},
          {
            id: 'secret',
            match: { kind: 'prefix', path: '/secret' },
            filters: [{ kind: 'deny', status: 403 }],
          },
        ],
      },
    ],
    recording: {
      answer: ({ target }, socket) => {
        if (target !== '/chat') return ok('after');
        socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
        return undefined;
      },
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    request('GET /chat HTTP/1.1', ...HANDSHAKE) +
      request('GET /secret HTTP/1.1') +
      request('GET /after HTTP/1.1'),
  );
  const answers = [];
  for (let index = 0; index < 3; index++) answers.push((await client.readAnswer()).status);
  assert.deepEqual(answers, [403, 403, 200]);
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/chat', '/after'],
  );
});

wireTest(['6.2', '7.1'], 'a 101 that nobody asked for is 502', async (t) => {
  const { proxy } = await startProbe(t, {
    recording: {
      answer: ({ target }) =>
        target === '/chat' ? SWITCHED : ok(echoed('GET', target, 'app.test')),
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET /chat HTTP/1.1') + request('GET /next HTTP/1.1'));
  assert.equal((await client.readAnswer()).status, 502);
  assert.equal((await client.readAnswer()).status, 200);
  await assertServesOn(t, proxy);
});

wireTest(['6.2'], 'a 101 to something else than was asked for is 502', async (t) => {
  for (const lines of ['Connection: Upgrade\r\nUpgrade: h2c\r\n', '']) {
    const { proxy } = await startProbe(t, {
      recording: { answer: () => `HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n` },
    });
    assert.equal((await ask(t, proxy, request('GET / HTTP/1.1', ...HANDSHAKE))).status, 502);
  }
});

/** A tunnel, and the far end of it. */
async function openTunnel(t: TestContext): Promise<{ client: RawClient; far: Socket }> {
  const opened = Promise.withResolvers<Socket>();
  const upstream = await startRawUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write(SWITCHED);
      opened.resolve(socket);
    });
  });
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint] });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET / HTTP/1.1', ...HANDSHAKE));
  assert.equal((await client.readAnswer()).status, 101);
  return { client, far: await opened.promise };
}

wireTest(
  ['6.3'],
  'a tunnel carries every byte, both ways, even what looks like HTTP',
  async (t) => {
    const { client, far } = await openTunnel(t);
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
    const text = `${every}${request('GET /x HTTP/1.1')}0\r\n\r\n${every}`;
    let got = '';
    const whole = Promise.withResolvers<undefined>();
    far.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (got.length >= text.length) whole.resolve(undefined);
    });
    client.write(text);
    await whole.promise;
    assert.equal(got, text);
    far.write(text, 'latin1');
    await client.waitFor(text);
    assert.equal(client.take(), text);
  },
);

wireTest(['6.3'], 'bytes that came with the 101 are not lost', async (t) => {
  const { proxy } = await startProbe(t, { recording: { answer: () => `${SWITCHED}hello` } });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('GET / HTTP/1.1', ...HANDSHAKE));
  assert.equal((await client.readAnswer()).status, 101);
  await client.waitFor('hello');
});

for (const side of ['client', 'upstream'] as const) {
  wireTest(['6.3'], `when the ${side} closes, the other side is closed`, async (t) => {
    const { client, far } = await openTunnel(t);
    const farClosed = Promise.withResolvers<undefined>();
    far.on('end', () => far.end());
    far.on('close', () => {
      farClosed.resolve(undefined);
    });
    far.resume();
    if (side === 'client') {
      client.destroy();
      await farClosed.promise;
    } else {
      far.destroy();
      await client.readToEnd();
    }
  });
}

wireTest(
  ['6.3', '4 buffered bytes'],
  'a tunnel that nobody reads holds its writer back',
  async (t) => {
    const { client, far } = await openTunnel(t);
    client.socket.pause();
    const piece = Buffer.alloc(65_536);
    let sent = 0;
    const fill = (): void => {
      while (sent < 500_000_000) {
        sent += piece.length;
        if (!far.write(piece)) break;
      }
    };
    far.on('drain', fill);
    fill();
    let before = -1;
    for (let round = 0; round < 100 && before !== sent; round++) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(sent, before, 'it never stopped');
    assert.ok(sent < 40_000_000, `${sent} bytes were taken`);
  },
);
