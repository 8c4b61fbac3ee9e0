/** What is not refused goes upstream whole, once, and in our own words. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { connectClient, type RawAnswer } from '../harness/raw-client.ts';
import { ask, assertServesOn, request, startProbe } from './probe.ts';
import { echoed, type ReceivedRequest, valuesOf } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

/** The fields that a client sent, without those that the proxy adds. */
function clientFields(received: ReceivedRequest | undefined): string[] {
  const added = /^(?:host|x-(?:request-id|real-ip|forwarded-.*|scheme))$/i;
  const fields = received?.fields ?? [];
  return fields.filter(([name]) => !added.test(name)).map(([name, value]) => `${name}: ${value}`);
}

wireTest(['1.1', '1.10'], 'a length is written anew, in its shortest form', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  await ask(t, proxy, `${request('POST /a HTTP/1.1', 'CONTENT-LENGTH:\t0005 ')}hello`);
  const [received] = upstream.completed();
  assert.deepEqual(clientFields(received), ['Content-Length: 5']);
  assert.equal(received?.body, 'hello');
});

wireTest(['1.1', '1.12'], 'chunks are written anew, without extensions and trailers', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const head = request('POST /a HTTP/1.1', 'transfer-encoding: CHUNKED', 'Trailer: X-Sum, Host');
  const chunks =
    '003;a;b="c\\""\r\nhel\r\n2\r\nlo\r\n00;x\r\nX-Sum: 1\r\nHost: evil\r\nContent-Length: 9\r\nAuthorization: x\r\n\r\n';
  await ask(t, proxy, head + chunks);
  const [received] = upstream.completed();
  assert.equal(received?.body, 'hello');
  assert.equal(received.framing, 'chunked');
  assert.deepEqual(clientFields(received), ['Transfer-Encoding: chunked']);
});

wireTest(['1.3'], 'methods are forwarded as sent', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  for (const method of ['get', 'Get', 'PURGE', 'M-SEARCH', 'X!']) {
    assert.equal((await ask(t, proxy, request(`${method} / HTTP/1.1`))).status, 200);
  }
  const methods = upstream.completed().map(({ method }) => method);
  assert.deepEqual(methods, ['get', 'Get', 'PURGE', 'M-SEARCH', 'X!']);
});

wireTest(['1.3'], 'TRACE echoes nothing', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const answer = await ask(t, proxy, request('TRACE / HTTP/1.1', 'Cookie: secret'));
  assert.equal(answer.status, 405);
  assert.ok(!answer.body.includes('secret'));
  assert.equal(upstream.requests.length, 0);
});

for (const { name, line, target, host } of [
  {
    name: 'replaces Host',
    line: 'GET http://app.test/a?b HTTP/1.1',
    target: '/a?b',
    host: 'app.test',
  },
  {
    name: 'keeps case and port upstream',
    line: 'GET HTTP://APP.test:8080/ HTTP/1.1',
    target: '/',
    host: 'APP.test:8080',
  },
  { name: 'without a path', line: 'GET http://app.test HTTP/1.1', target: '/', host: 'app.test' },
  {
    name: 'without a path, OPTIONS',
    line: 'OPTIONS http://app.test HTTP/1.1',
    target: '*',
    host: 'app.test',
  },
]) {
  wireTest(['1.4'], `absolute-form: ${name}`, async (t) => {
    const { proxy, upstream } = await startProbe(t);
    const answer = await ask(t, proxy, `${line}\r\nHost: other.test\r\n\r\n`);
    assert.equal(answer.status, 200);
    const [received] = upstream.completed();
    assert.equal(received?.target, target);
    assert.deepEqual(valuesOf(received, 'host'), [host]);
    assert.deepEqual(valuesOf(received, 'x-forwarded-host'), [host]);
  });
}

wireTest(['1.4', '3.3'], 'what nobody routes is 404, and no connection', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  for (const bytes of [
    'GET http://other.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n',
    `GET http://127.0.0.1:${upstream.endpoint.port}/ HTTP/1.1\r\nHost: app.test\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: other.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: sub.app.test\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
  ]) {
    assert.equal((await ask(t, proxy, bytes)).status, 404, bytes);
  }
  assert.equal(upstream.connections(), 0);
});

wireTest(['1.4'], 'OPTIONS * stays *', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  assert.equal((await ask(t, proxy, request('OPTIONS * HTTP/1.1'))).status, 200);
  assert.equal(upstream.completed()[0]?.target, '*');
});

wireTest(['1.5'], 'Host is compared without case, port and trailing dot', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  for (const host of ['APP.Test', 'app.test:1234', 'app.test.', 'App.Test.:80']) {
    const answer = await ask(t, proxy, `GET / HTTP/1.1\r\nhOST: ${host}\r\n\r\n`);
    assert.equal(answer.status, 200, host);
    assert.deepEqual(valuesOf(upstream.completed().at(-1), 'host'), [host]);
  }
});

wireTest(['1.7', '2.3'], 'names with an underscore or odd bytes are dropped', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = [
    'X_Forwarded_For: 1.2.3.4',
    'Content_Length: 9',
    'X-Real_IP: 1',
    '_: 2',
    'X.A: 3',
    'X-B: 4',
  ];
  assert.equal((await ask(t, proxy, request('GET / HTTP/1.1', ...lines))).status, 200);
  assert.deepEqual(clientFields(upstream.completed()[0]), ['X-B: 4']);
});

wireTest(['1.7'], 'names with an underscore are kept where asked', async (t) => {
  const { proxy, upstream } = await startProbe(t, {
    recording: { allowsUnderscores: true },
    settings: { client: { allowUnderscores: true } },
  });
  await ask(t, proxy, request('GET / HTTP/1.1', 'X_A: 1', 'Transfer_Encoding: chunked'));
  assert.deepEqual(clientFields(upstream.completed()[0]), ['X_A: 1', 'Transfer_Encoding: chunked']);
});

wireTest(['1.8', '2.6'], 'values go upstream trimmed and byte for byte', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = ['X-A: \t a \t b\t ', 'X-B:', 'X-C: \xe4\xff\x80', 'X-D: "q\\""'];
  await ask(t, proxy, request('GET / HTTP/1.1', ...lines));
  assert.deepEqual(
    clientFields(upstream.completed()[0]),
    ['X-A: a \t b', 'X-B:', 'X-C: \xe4\xff\x80', 'X-D: "q\\""'].map((line) =>
      line.replace(/:$/, ': '),
    ),
  );
});

wireTest(['1.9'], 'no file of the data plane uses a parser that is not ours', async () => {
  const folder = new URL('../../../src/dataplane/', import.meta.url);
  const names = await readdir(folder, { recursive: true });
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  assert.ok(sources.length > 20);
  for (const name of sources) {
    const text = await readFile(new URL(name, folder), 'utf8');
    assert.doesNotMatch(
      text,
      /from '(?:node:)?(?:https?|http2|undici)'|insecureHTTPParser|process\.binding/,
      name,
    );
  }
});

wireTest(['1.13', '4 number of fields'], 'as many fields as may be all arrive', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const lines = Array.from({ length: 99 }, (_, index) => `X-N: ${index}`);
  assert.equal((await ask(t, proxy, request('GET / HTTP/1.1', ...lines))).status, 200);
  assert.deepEqual(
    valuesOf(upstream.completed()[0], 'x-n'),
    lines.map((_, index) => String(index)),
  );
});

wireTest(['1.15'], 'each pipelined request is routed by its own Host and path', async (t) => {
  const { proxy } = await startProbe(t, {
    virtualHosts: [
      {
        name: 'app.test',
        routes: [
          {},
          {
            id: 'denied',
            match: { kind: 'prefix', path: '/admin' },
            filters: [{ kind: 'deny', status: 403 }],
          },
        ],
      },
      { name: 'two.test' },
    ],
  });
  const client = await connectClient(t, proxy.httpPort);
  const inside = 'GET /admin HTTP/1.1\r\nHost: two.test\r\nX-A: inside a bo';
  client.write(
    request('GET /1 HTTP/1.1') +
      'GET /2 HTTP/1.1\r\nHost: two.test\r\n\r\n' +
      request('POST /3 HTTP/1.1', `Content-Length: ${inside.length}`) +
      inside +
      request('GET /admin/x HTTP/1.1') +
      'GET /4 HTTP/1.1\r\nHost: nobody.test\r\n\r\n' +
      request('GET /5 HTTP/1.1', 'Connection: close') +
      request('GET /never HTTP/1.1'),
  );
  const answers: RawAnswer[] = [];
  for (let index = 0; index < 6; index++) answers.push(await client.readAnswer());
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 403, 404, 200],
  );
  assert.deepEqual(
    [0, 1, 2, 5].map((index) => answers[index]?.body),
    [
      echoed('GET', '/1', 'app.test'),
      echoed('GET', '/2', 'two.test'),
      echoed('POST', '/3', 'app.test'),
      echoed('GET', '/5', 'app.test'),
    ],
  );
  assert.deepEqual(answers[5]?.fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '');
});

wireTest(['1.15'], 'an error answer waits for the answers before it', async (t) => {
  const slow = Promise.withResolvers<() => void>();
  const { proxy } = await startProbe(t, {
    recording: {
      answer: (_request, socket) => {
        slow.resolve(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'));
        return undefined;
      },
    },
  });
  const client = await connectClient(t, proxy.httpPort);
  client.write(
    `${request('GET /slow HTTP/1.1')}GET /bad HTTP/1.1\r\nHost: a b\r\n\r\n${request('GET /never HTTP/1.1')}`,
  );
  const answerNow = await slow.promise;
  assert.equal(client.received, '');
  answerNow();
  assert.equal((await client.readAnswer()).body, 'slow');
  assert.equal((await client.readAnswer()).status, 400);
  assert.equal(await client.readToEnd(), '');
});

wireTest(['1.17'], 'names of the prototype chain are ordinary data', async (t) => {
  const { proxy, upstream } = await startProbe(t);
  const names = ['constructor', 'hasOwnProperty', 'toString', 'valueOf', 'isPrototypeOf'];
  const lines = names.map((name) => `${name}: 1`);
  const cookie = 'Cookie: constructor=1; __proto__=2';
  const answer = await ask(
    t,
    proxy,
    request('GET /__proto__/constructor?constructor=1 HTTP/1.1', ...lines, cookie, '__proto__: 1'),
  );
  assert.equal(answer.status, 200);
  assert.deepEqual(clientFields(upstream.completed()[0]), [...lines, cookie]);
  for (const host of [...names, '__proto__', 'prototype']) {
    const { status } = await ask(t, proxy, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal(status, 404, host);
  }
  await assertServesOn(t, proxy);
});
