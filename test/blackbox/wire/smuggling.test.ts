/** Every way we know to say one framing twice, and chance for those that we don't. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { connectClient } from '../harness/raw-client.ts';
import { assertServesOn, type Probe, request, startProbe } from './probe.ts';
import { echoed, ok } from './recording-upstream.ts';
import { wireTest } from './wire-test.ts';

const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n';

/** Lines that some parser somewhere takes for a second framing, or for an end of the head. */
const disguises = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: chunked\x0b',
  ' Transfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'Transfer-Encoding\r\n: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: "chunked"',
  'transfer-Encoding: CHUNKED',
  'Transfer-Encoding: chunk',
  'Transfer-Encoding\0: chunked',
  'Transfer-Encoding: chunked;q=1',
  'Content-Length: 0',
  'Content-Length: 6',
  'Content-Length : 0',
  'Content-Length: +0',
  'Content-Length: 0, 0',
  'Content_Length: 0',
  ' Content-Length: 0',
  'X: y\nContent-Length: 0',
  'Content-Length: 0x0',
  'Content-Length\xa0: 0',
  'Content-Length:\x0b0',
  'Content-Length: 00',
  'Content-Length:\r\n 0',
  'Connection: content-length',
  'Connection: transfer-encoding',
  'Connection: close, host',
  'Trailer: content-length',
  'TE: chunked',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'X: y\r',
  'X: y\0',
  'Host: evil.test',
  '\x00',
  ':',
  'X',
];

/** A whole request whose body holds another one, with a line that may deceive. */
function disguised(framing: 'length' | 'chunked', line: string, isFirst: boolean): string {
  const own =
    framing === 'length' ? `Content-Length: ${HIDDEN.length}` : 'Transfer-Encoding: chunked';
  const lines = isFirst ? [line, own] : [own, line];
  const body =
    framing === 'length' ? HIDDEN : `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
  return request('POST /outer HTTP/1.1', ...lines) + body;
}

/** Writes, half-closes and reads whatever comes. */
async function exchange(
  t: Parameters<typeof connectClient>[0],
  { proxy }: Probe,
  pieces: readonly string[],
): Promise<string> {
  const client = await connectClient(t, proxy.httpPort);
  for (const piece of pieces) {
    if (client.socket.destroyed || client.ended === 'reset') break;
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.end();
  const text = await client.readToEnd();
  client.destroy();
  return text;
}

for (const framing of ['length', 'chunked'] as const) {
  for (const isFirst of [true, false]) {
    wireTest(
      ['1.1', '1.6', '1.8', '1.10', '1.11'],
      `a second framing is refused or has no effect: ${isFirst ? 'before' : 'after'} ${framing}`,
      async (t) => {
        const probe = await startProbe(t);
        for (const line of disguises) {
          const text = await exchange(t, probe, [
            disguised(framing, line, isFirst) + request('GET /last HTTP/1.1'),
          ]);
          const targets = probe.upstream.requests.map(({ target }) => target);
          assert.ok(
            !targets.includes('/smuggled') && !text.includes('/smuggled'),
            JSON.stringify(line),
          );
          assert.match(text, /^HTTP\/1\.1 (?:100|200|400|501) /, JSON.stringify(line));
        }
        for (const outer of probe.upstream
          .completed()
          .filter(({ target }) => target === '/outer')) {
          assert.equal(outer.body, HIDDEN);
        }
        await assertServesOn(t, probe.proxy);
      },
    );
  }
}

const damage = fc.record({
  at: fc.nat(160),
  byte: fc.nat(255),
  kind: fc.constantFrom('replace', 'insert', 'remove'),
});
const message = fc.record({
  framing: fc.constantFrom('length' as const, 'chunked' as const),
  line: fc.oneof({ weight: 2, arbitrary: fc.constant('X-A: b') }, fc.constantFrom(...disguises)),
  isFirst: fc.boolean(),
});
const cuts = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 });

function damaged(
  text: string,
  { at, byte, kind }: { at: number; byte: number; kind: string },
): string {
  const place = at % text.length;
  const after = kind === 'insert' ? place : place + 1;
  return (
    text.slice(0, place) + (kind === 'remove' ? '' : String.fromCharCode(byte)) + text.slice(after)
  );
}

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const size of sizes) {
    pieces.push(text.slice(from, from + size));
    from += size;
  }
  pieces.push(text.slice(from));
  return pieces.filter((piece) => piece !== '');
}

wireTest(
  ['1.1', '1.2', '1.14', '7.1'],
  'whatever chance sends, the upstream gets sound requests alone',
  async (t) => {
    const probe = await startProbe(t);
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        fc.array(damage, { maxLength: 2 }),
        cuts,
        async (messages, damages, sizes) => {
          let text = messages
            .map(({ framing, line, isFirst }) => disguised(framing, line, isFirst))
            .join('');
          for (const one of damages) text = damaged(text, one);
          const answer = await exchange(t, probe, cut(text, sizes));
          if (answer !== '') assert.match(answer, /^HTTP\/1\.1 [1-5][0-9]{2} /);
          assert.deepEqual(probe.upstream.faults, []);
        },
      ),
      { numRuns: 250 },
    );
    await assertServesOn(t, probe.proxy);
  },
);

const answerPiece = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 103 X\r\n\r\n',
  'HTTP/1.1 101 X\r\n',
  'HTTP/1.0 200 OK\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Set-Cookie: a\r\n',
  'X-A: b\r\n',
  'Connection: close, x-a\r\n',
  '\r\n',
  'hello',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  '\n',
  '\r',
  '\0',
  ' x',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
);

wireTest(
  ['7.1', '7.2', '7.3', '2.7'],
  'whatever chance answers, clients get sound answers alone',
  async (t) => {
    let next = '';
    const probe = await startProbe(t, {
      virtualHosts: [{ name: 'app.test', routes: [{ retry: { attempts: 1 } }] }],
      recording: {
        answer: ({ method, target }, socket) => {
          if (target !== '/chance') return ok(echoed(method, target, 'app.test'));
          socket.end(next, 'latin1');
          return undefined;
        },
      },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answerPiece, { maxLength: 8 }),
        fc.boolean(),
        async (pieces, isWhole) => {
          next = (isWhole ? 'HTTP/1.1 200 OK\r\n' : '') + pieces.join('');
          const text = await exchange(t, probe, [
            request('GET /chance HTTP/1.1', 'Connection: close'),
          ]);
          assertSound(text);
        },
      ),
      { numRuns: 250 },
    );
    await assertServesOn(t, probe.proxy);
  },
);

/** Heads by the letter, one framing each, nothing after the final answer's body but a cut. */
function assertSound(text: string): void {
  let rest = text;
  for (;;) {
    if (rest === '') return;
    const end = rest.indexOf('\r\n\r\n');
    assert.ok(end !== -1, JSON.stringify(rest));
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 ([1-5][0-9]{2}) [\t -~]*$/.exec(line)?.[1]);
    assert.ok(status >= 100, line);
    for (const field of lines) assert.match(field, /^[A-Za-z0-9-]+: ?[\t -~\x80-\xff]*$/);
    rest = rest.slice(end + 4);
    if (status >= 200) {
      assertOneFraming(status, lines, rest);
      return;
    }
    assert.notEqual(status, 101);
  }
}

function assertOneFraming(status: number, lines: readonly string[], body: string): void {
  const lengths = lines.filter((line) => /^content-length:/i.test(line));
  const codings = lines.filter((line) => /^transfer-encoding:/i.test(line));
  assert.ok(lengths.length + codings.length <= 1, 'two framings');
  if (status === 204 || status === 304) assert.equal(body, '');
  const length = lengths[0]?.split(':')[1];
  if (length !== undefined) assert.ok(body.length <= Number(length), 'bytes after the answer');
  if (codings.length === 1) assert.match(body, /^(?:[0-9a-f]+\r\n[^]*)?$/);
}
