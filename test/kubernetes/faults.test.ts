import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { LogLine } from '../blackbox/harness/recording-log.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import type { Fault } from './fault.ts';
import { ingress, object } from './objects.ts';
import type { SeenRequest } from './seen-request.ts';
import { startSource } from './start-source.ts';
import { until } from './until.ts';

const LIMIT = { timeout: 10_000 };
const REFUSED = 'connection refused';
const RESET = 'connection reset';

const isWatch = ({ verb, resource }: SeenRequest): boolean =>
  verb === 'watch' && resource === 'ingresses';
const isList = ({ verb, resource }: SeenRequest): boolean =>
  verb === 'list' && resource === 'ingresses';

/** What is watched from the start. */
const WATCHED = ['ingressclasses', 'ingresses', 'services', 'endpointslices'];

/** Resolves when there is a watch of everything: none has a connection still to make. */
const watching = (server: FakeApiServer): Promise<void> =>
  until(() => WATCHED.every((resource) => server.watches(resource) === 1));

/** Resolves when each watch has tried in vain to connect. */
const refused = (lines: readonly LogLine[]): Promise<void> =>
  until(() =>
    WATCHED.every((resource) =>
      lines.some(({ fields, message }) => {
        const { target, reason } = fields as { target?: string; reason?: string };
        return message === 'watch interrupted' && target === resource && reason === REFUSED;
      }),
    ),
  );

const added = (key: string): string =>
  `${JSON.stringify({
    type: 'ADDED',
    object: { ...ingress(key), metadata: { ...ingress(key).metadata, resourceVersion: 'r9' } },
  })}\n`;
const error = (code: number): string =>
  `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, message: 'no' } })}\n`;

/** What a watch may meet. After each of them the store is as it was, follows what changes, and has never been empty. */
const WATCH_FAULTS: readonly { name: string; fault: Fault; relists: boolean }[] = [
  { name: '410 as an answer', fault: { kind: 'status', status: 410 }, relists: true },
  {
    name: '410 as an ERROR event',
    fault: { kind: 'bytes', writes: [error(410)], then: 'end' },
    relists: true,
  },
  {
    name: 'another ERROR event',
    fault: { kind: 'bytes', writes: [error(500)], then: 'end' },
    relists: true,
  },
  {
    name: 'a version the server never had',
    fault: { kind: 'status', status: 504 },
    relists: true,
  },
  {
    name: 'half a line, then the end',
    fault: { kind: 'bytes', writes: [added('shop/half').slice(0, 40)], then: 'end' },
    relists: false,
  },
  {
    name: 'half a line, then a reset',
    fault: { kind: 'bytes', writes: [added('shop/half').slice(0, 40)], then: 'reset' },
    relists: false,
  },
  {
    name: 'a line that is no JSON',
    fault: { kind: 'bytes', writes: ['<html>gateway</html>\n'], then: 'stall' },
    relists: true,
  },
  {
    name: 'a line that is no event',
    fault: { kind: 'bytes', writes: ['{"type":"ADDED"}\n'], then: 'stall' },
    relists: true,
  },
  {
    name: 'an event without a version',
    fault: {
      kind: 'bytes',
      writes: ['{"type":"ADDED","object":{"metadata":{}}}\n'],
      then: 'stall',
    },
    relists: true,
  },
  { name: 'an empty answer', fault: { kind: 'bytes', writes: [], then: 'end' }, relists: false },
  {
    name: '429 with Retry-After',
    fault: { kind: 'status', status: 429, retryAfter: 1 },
    relists: false,
  },
  { name: '503', fault: { kind: 'status', status: 503 }, relists: false },
  {
    name: '503 with Retry-After',
    fault: { kind: 'status', status: 503, retryAfter: 1 },
    relists: false,
  },
];

for (const protocol of ['http1', 'https1', 'http2'] as const) {
  suite(`a watch over ${protocol}`, () => {
    for (const { name, fault, relists } of WATCH_FAULTS) {
      test(`survives ${name}`, LIMIT, async (t) => {
        const server = await startFakeApiServer(t, { protocol });
        server.apply('ingresses', ingress('shop/web'));
        const { synced, holds, fewestIngresses } = startSource(t, server);
        await synced();
        await server.request(isWatch);
        const fewest = fewestIngresses();

        const seen = server.requests.length;
        server.failNext({ verb: 'watch', resource: 'ingresses' }, fault);
        server.endWatches('ingresses');
        server.apply('ingresses', ingress('shop/more'));

        await holds(({ ingresses }) => ingresses.has('shop/more'));
        assert.ok(fewest() > 0, 'the store was never empty');
        assert.equal(server.requests.slice(seen).some(isList), relists, 'lists again');
      });
    }

    test('that is silent is given up and begun again', LIMIT, async (t) => {
      const server = await startFakeApiServer(t, { protocol });
      server.failNext(
        { verb: 'watch', resource: 'ingresses' },
        { kind: 'bytes', writes: [], then: 'stall' },
      );
      const { synced, holds } = startSource(t, server, { timing: { silenceMs: 300 } });
      await synced();
      server.apply('ingresses', ingress('shop/web'));
      await holds(({ ingresses }) => ingresses.has('shop/web'));
      assert.equal(
        server.requests.filter(isList).length,
        1,
        'nothing says that the version is bad',
      );
    });

    test(
      'lists again after the server was away, which may be back as another',
      LIMIT,
      async (t) => {
        const server = await startFakeApiServer(t, { protocol });
        server.apply('ingresses', ingress('shop/web'));
        const { source, synced, holds, lines, fewestIngresses } = startSource(t, server, {
          // So late that all have noticed that they are cut before the first of them tries again.
          timing: { awayMs: 1, firstRetryMs: 300, maxRetryMs: 300 },
        });
        await synced();
        await watching(server);
        const fewest = fewestIngresses();

        await server.close();
        await refused(lines);
        server.apply('ingresses', ingress('shop/meanwhile'));
        const seen = server.requests.length;
        await server.listen();
        await holds(({ ingresses }) => ingresses.has('shop/meanwhile'));

        assert.equal(server.requests.slice(seen).filter(isList).length, 1);
        assert.equal(fewest(), 1);
        assert.deepEqual(source.missing(), []);
        const outages = lines
          .filter(({ message }) => message.includes('does not answer'))
          .map(({ fields }) => (fields as { reason: string }).reason);
        // Once a reason, however many watches find it so.
        assert.deepEqual(outages, [protocol === 'http2' ? 'connection lost' : RESET, REFUSED]);
      },
    );
  });
}

test('bookmarks move the version from which a watch goes on', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  const { synced } = startSource(t, server);
  await synced();
  await server.request(isWatch);
  server.apply('services', object('shop/web')); // another resource: only a bookmark tells
  server.bookmark('ingresses');
  const seen = server.requests.length;
  server.endWatches('ingresses');
  const watch = await server.request(isWatch, seen);
  assert.equal(watch.query.get('resourceVersion'), server.version);
  assert.equal(watch.query.get('allowWatchBookmarks'), 'true');
});

test('a watch that says something now and then is not silent', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  const { synced, holds } = startSource(t, server, { timing: { silenceMs: 400 } });
  await synced();
  await server.request(isWatch);
  for (let elapsedMs = 0; elapsedMs < 800; elapsedMs += 100) {
    await setTimeout(100); // the time itself is what is tested
    server.bookmark('ingresses');
  }
  server.apply('ingresses', ingress('shop/web'));
  await holds(({ ingresses }) => ingresses.has('shop/web'));
  assert.equal(server.requests.filter(isWatch).length, 1);
});

test('each watch asks for its own end', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  const random = [0, 0.999][Symbol.iterator]();
  const { synced } = startSource(t, server, {
    timing: { random: () => random.next().value ?? 0.5 },
  });
  await synced();
  await server.request(isWatch);
  const watches = server.requests.filter(({ verb }) => verb === 'watch');
  const seconds = watches.map(({ query }) => Number(query.get('timeoutSeconds')));
  assert.ok(new Set(seconds).size > 1, 'not all at once');
  assert.ok(seconds.every((value) => value >= 300 && value <= 600));
});

test('retries wait twice as long each time, up to a bound', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  for (let n = 0; n < 8; n += 1) {
    server.failNext({ verb: 'list', resource: 'ingresses' }, { kind: 'status', status: 500 });
  }
  const at: number[] = [];
  const { synced } = startSource(t, server, {
    timing: { firstRetryMs: 20, maxRetryMs: 80, random: () => 0 },
  });
  for (let n = 1; n <= 9; n += 1) {
    await server.request((seen) => isList(seen) && server.requests.filter(isList).length >= n);
    at.push(performance.now());
  }
  await synced();
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  for (const [index, bound] of [20, 40, 80, 80, 80, 80, 80, 80].entries()) {
    const wait = waits[index] ?? 0;
    assert.ok(wait >= bound - 2, `retry ${index + 1} waited ${wait} ms, not ${bound}`);
  }
});

test('Retry-After is followed, up to a bound of its own', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  const busy: Fault = { kind: 'status', status: 429, retryAfter: 1 };
  server.failNext({ verb: 'list', resource: 'ingresses' }, busy);
  const { synced } = startSource(t, server, { timing: { maxRetryAfterMs: 150 } });
  await server.request(isList);
  const refusedAt = performance.now();
  await synced();
  assert.ok(performance.now() - refusedAt >= 148);
});

test('a list that outlives its pages is read at once', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  for (let n = 0; n < 1_200; n += 1) server.apply('ingresses', ingress(`shop/web-${n}`));
  server.failNext({ verb: 'list', resource: 'endpointslices' }, { kind: 'mute' });
  const { holds } = startSource(t, server);
  await server.request((seen) => isList(seen) && seen.query.get('continue') === 'page-1');
  server.compact();
  await holds(({ ingresses }) => ingresses.size === 1_200);
  const last = server.requests.filter(isList).at(-1);
  assert.equal(last?.query.get('limit'), null);
  assert.equal(last.query.get('continue'), null);
});
