import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http1Client } from './client-side.ts';
import { fuzz, replay } from './fuzzer.ts';
import { cpuMs } from './loop-watch.ts';
import { Random } from './random.ts';
import type { SideKind } from './side.ts';
import { readAnswers } from './sound-answers.ts';
import { http2Upstream } from './http2-upstream-side.ts';
import { fromLiteral, toLiteral, type FuzzStream } from './stream.ts';
import { http1Upstream } from './upstream-side.ts';
import { wholeAnswer, wholeRequests } from './whole-messages.ts';

/** The fuzzer's own ability to find something; `npm run fuzz` is the search. */

for (const [name, kind] of Object.entries({ http1Client, http1Upstream, http2Upstream })) {
  test(`${name}: a thousand streams of a fixed seed`, { timeout: 60_000 }, async () => {
    const result = await fuzz(kind, { seed: 4, from: 0, streams: 1_000 });
    assert.deepEqual(result, { done: 1_000, failures: [] });
  });

  test(`${name}: the same seed gives the same streams, another seed others`, () => {
    const literals = (seed: number) =>
      Array.from({ length: 20 }, (_, index) => toLiteral(kind.generate(new Random(seed, index))));
    assert.deepEqual(literals(1), literals(1));
    assert.notDeepEqual(literals(1), literals(2));
  });
}

test('a stream survives its literal', () => {
  const pieces = [Buffer.from([0, 13, 10, 128, 255])];
  const stream: FuzzStream = { pieces, ending: 'reset', deafMs: 7 };
  assert.deepEqual(fromLiteral(toLiteral(stream)), stream);
});

/** A side that finds fault with every stream that holds an X. */
const faulty: SideKind = {
  generate: (random) => ({
    pieces: [Buffer.from(random.chance(1) ? 'X' : 'a')],
    ending: 'end',
  }),
  async start() {
    const side = await http1Client.start();
    return {
      ...side,
      run: (_index, { pieces }) => Promise.resolve(pieces[0]?.toString() === 'X' ? ['an X'] : []),
    };
  },
};

test('what fails is found, by its number and as a literal', async () => {
  const { failures } = await fuzz(faulty, { seed: 1, from: 0, streams: 256 });
  assert.ok(failures.length > 0);
  for (const { index, literal, faults } of failures) {
    assert.deepEqual(faults, ['an X']);
    assert.deepEqual(fromLiteral(literal), faulty.generate(new Random(1, index ?? 0)));
    assert.deepEqual(await replay(faulty, fromLiteral(literal)), ['an X']);
  }
});

test('a stream that holds the loop is found', async () => {
  const slow: SideKind = {
    ...faulty,
    async start() {
      const side = await http1Client.start();
      return {
        ...side,
        async run() {
          await new Promise((resolve) => setImmediate(resolve));
          const until = cpuMs() + 100;
          while (cpuMs() < until);
          await new Promise((resolve) => setImmediate(resolve));
          return [];
        },
      };
    },
  };
  const faults = await replay(slow, { pieces: [], ending: 'end' });
  assert.match(faults.join(), /a turn of/);
});

for (const { name, text, want } of [
  { name: 'a part of a head', text: 'GET / HTTP/1.1\r\nHost: a\r\n', want: [] },
  { name: 'a part of a body', text: 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab', want: [] },
  {
    name: 'a body and a head after it',
    text: 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n\r\n',
    want: [
      { method: 'POST', body: 'ab' },
      { method: 'GET', body: '' },
    ],
  },
  {
    name: 'chunks without their end',
    text: 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n',
    want: [],
  },
  {
    name: 'chunks',
    text: 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    want: [{ method: 'POST', body: 'ab' }],
  },
]) {
  test(`whole requests: ${name}`, () => {
    assert.deepEqual(wholeRequests(text), want);
  });
}

for (const { name, text, isEnded = false, want } of [
  {
    name: 'a part of a body',
    text: 'HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nab',
    want: undefined,
  },
  { name: 'until the end', text: 'HTTP/1.1 200 \r\n\r\nab', isEnded: true, want: 'ab' },
  { name: 'until an end that did not come', text: 'HTTP/1.1 200 \r\n\r\nab', want: undefined },
  {
    name: 'after an interim one',
    text: 'HTTP/1.1 103 \r\n\r\nHTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nab',
    want: 'ab',
  },
]) {
  test(`whole answers: ${name}`, () => {
    assert.equal(wholeAnswer(text, 'GET', isEnded)?.body, want);
  });
}

for (const { name, text } of [
  {
    name: 'two framings',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
  },
  { name: 'NUL', text: 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n' },
  { name: 'a tunnel that nobody asked for', text: 'HTTP/1.1 101 X\r\n\r\n' },
  { name: 'bytes after the answer', text: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab' },
]) {
  test(`unsound answers: ${name}`, () => {
    assert.throws(() => readAnswers(text, false, ['GET']));
  });
}
