/** A body goes upstream whole or not at all, and no connection outlives one that was not. */
import assert from 'node:assert/strict';
import { connectClient } from '../harness/raw-client.ts';
import { ask, assertServesOn, request, startProbe } from './probe.ts';
import { echoed } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
  wireTest(['1.14'], `a body of ${method} keeps its framing`, async (t) => {
    const { proxy, upstream } = await startProbe(t);
    const client = await connectClient(t, proxy.httpPort);
    client.write(`${request(`${method} /1 HTTP/1.1`, 'Content-Length: 5')}hello`);
    client.write(
      `${request(`${method} /2 HTTP/1.1`, 'Transfer-Encoding: chunked')}5\r\nworld\r\n0\r\n\r\n`,
    );
    client.write(request('GET /3 HTTP/1.1'));
    for (const head of [method === 'HEAD', method === 'HEAD', false]) {
      assert.equal((await client.readAnswer({ head })).status, 200);
    }
    const seen = upstream.completed().map(({ target, body, framing }) => [target, body, framing]);
    assert.deepEqual(seen, [
      ['/1', 'hello', 'length'],
      ['/2', 'world', 'chunked'],
      ['/3', '', 'none'],
    ]);
  });
}

wireTest(['1.1', '1.14'], 'no body stays no body, and an empty one an empty one', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  await ask(t, proxy, request('POST /1 HTTP/1.1'));
  await ask(t, proxy, request('POST /2 HTTP/1.1', 'Content-Length: 0'));
  await ask(t, proxy, `${request('POST /3 HTTP/1.1', 'Transfer-Encoding: chunked')}0\r\n\r\n`);
  const seen = upstream.completed().map(({ framing, body }) => [framing, body]);
  assert.deepEqual(seen, [
    ['none', ''],
    ['length', ''],
    ['chunked', ''],
  ]);
});

for (const { name, bytes, end } of [
  {
    name: 'a length, half-closed',
    bytes: `${request('POST /cut HTTP/1.1', 'Content-Length: 10')}hello`,
    end: 'end',
  },
  {
    name: 'a length, reset',
    bytes: `${request('POST /cut HTTP/1.1', 'Content-Length: 10')}hello`,
    end: 'reset',
  },
  {
    name: 'chunks, half-closed',
    bytes: `${request('POST /cut HTTP/1.1', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`,
    end: 'end',
  },
  {
    name: 'chunks without the last line',
    bytes: `${request('POST /cut HTTP/1.1', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n`,
    end: 'end',
  },
  {
    name: 'chunks, reset',
    bytes: `${request('POST /cut HTTP/1.1', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`,
    end: 'reset',
  },
] as const) {
  wireTest(['1.14', '1.16'], `a body that was cut is not completed: ${name}`, async (t) => {
    const headCame = Promise.withResolvers<undefined>();
    const closed = Promise.withResolvers<undefined>();
    const { proxy, upstream } = await startProbe(t, {
      recording: {
        onHead: ({ target }, socket) => {
          if (target !== '/cut') return;
          socket.once('close', () => {
            closed.resolve(undefined);
          });
          headCame.resolve(undefined);
        },
      },
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write(bytes);
    await headCame.promise;
    if (end === 'end') client.end();
    else client.reset();
    await closed.promise;
    assert.deepEqual(upstream.completed(), []);
    await assertServesOn(t, proxy);
    assert.equal(upstream.requests.at(-1)?.connection, 2, 'the connection was used again');
  });
}

wireTest(['1.14'], 'a head that was cut is not a request', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const client = await connectClient(t, proxy.httpPort);
  client.write('GET /cut HTTP/1.1\r\nHost: app.test\r\n');
  client.end();
  await client.readToEnd();
  await assertServesOn(t, proxy);
  assert.equal(upstream.requests.length, 1);
});

wireTest(['1.16'], 'a 100 is sent once, before the body is', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('POST /a HTTP/1.1', 'Expect: 100-Continue', 'Content-Length: 5'));
  assert.equal((await client.readAnswer()).status, 100);
  client.write('hello');
  assert.equal((await client.readAnswer()).status, 200);
  assert.equal(upstream.completed()[0]?.body, 'hello');
});

wireTest(['1.16'], 'a 100 from upstream is not a second one', async (t) => {
  const { proxy } = await startProbe(t, {
    recording: { onHead: (_request, socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n') },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(request('POST /a HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 5'));
  assert.equal((await client.readAnswer()).status, 100);
  client.write('hello');
  assert.equal((await client.readAnswer()).status, 200);
});

wireTest(['1.16'], 'no 100 where the answer is final at once', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    'POST /a HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  const answer = await client.readAnswer();
  assert.equal(answer.status, 404);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '');
  assert.equal(upstream.connections(), 0);
});

wireTest(
  ['1.16'],
  'an early answer: what is left of a small body is read, and the next request is its own',
  async (t) => {
    const { proxy, upstream } = await startProbe(t, {
      recording: {
        onHead: ({ target }, socket) => {
          if (target === '/early')
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly');
        },
      },
    });
    const client = await connectClient(t, proxy.httpPort);
    client.write(`${request('POST /early HTTP/1.1', 'Content-Length: 1000')}${'a'.repeat(500)}`);
    assert.equal((await client.readAnswer()).body, 'early');
    client.write('b'.repeat(500) + request('GET /next HTTP/1.1'));
    assert.equal((await client.readAnswer()).body, echoed('GET', '/next', 'app.test'));
    const [early, next] = upstream.requests;
    assert.equal(early?.isComplete, false);
    assert.notEqual(
      next?.connection,
      early.connection,
      'a connection with an unsent body was used again',
    );
  },
);

wireTest(['1.16'], 'an early answer to a large body closes the client connection', async (t) => {
  const { proxy, upstream } = await startProbe(t, {
    recording: {
      onHead: ({ target }, socket) => {
        if (target === '/early') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly');
      },
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(`${request('POST /early HTTP/1.1', 'Content-Length: 900000')}${'a'.repeat(500)}`);
  const answer = await client.readAnswer();
  assert.equal(answer.body, 'early');
  assert.equal(await client.readToEnd(), '');
  await assertServesOn(t, proxy);
  assert.equal(upstream.requests[1]?.connection, 2);
});
