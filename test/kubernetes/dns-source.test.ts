import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createDnsSource, type DnsOptions } from '../../src/source/dns/dns-source.ts';
import type { Source } from '../../src/source/source.ts';
import { Store } from '../../src/source/store.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';

const LIMIT = { timeout: 10_000 };

interface Running {
  readonly source: Source;
  readonly want: (...names: readonly string[]) => void;
  /** Resolves when a name has this answer. */
  readonly answers: (name: string, addresses: readonly string[]) => Promise<void>;
  /** Resolves when nothing is missing. */
  readonly synced: () => Promise<void>;
  readonly answerOf: (name: string) => readonly string[] | undefined;
}

function start(t: TestContext, server: DnsServer, options: DnsOptions = {}): Running {
  const store = new Store();
  const source = createDnsSource(
    {
      servers: [server.address],
      resolvConf: { search: [], ndots: 1 },
      retryMs: 10,
      shortestTtlMs: 10,
      timeoutMs: 100,
      ...options,
    },
    store,
    createRecordingLog().log,
  );
  t.after(() => source.stop());
  let names: readonly string[] = [];
  const want = (): void => {
    source.want({
      secrets: new Set(),
      configMaps: new Set(),
      externalNames: new Set(names),
      nodes: 'none',
    });
  };
  const answerOf = (name: string): readonly string[] | undefined =>
    store.snapshot().dnsAnswers.get(name);
  const until = (check: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (check()) resolve();
      };
      t.after(store.onChange({ quietMs: 0, maxMs: 0 }, look));
      source.onProgress(() => {
        want();
        look();
      });
      look();
    });
  source.start();
  return {
    source,
    want: (...wanted) => {
      names = wanted;
      want();
    },
    answers: (name, addresses) => until(() => answerOf(name)?.join() === addresses.join()),
    synced: () => until(() => source.missing().length === 0),
    answerOf,
  };
}

test('A and AAAA are both endpoints, sorted', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('db.example', {
    a: ['192.0.2.9', '192.0.2.10'],
    aaaa: ['2001:db8::1'],
    ttl: 60,
  });
  const { want, answers } = start(t, server);
  want('db.example');
  await answers('db.example', ['192.0.2.10', '192.0.2.9', '2001:db8::1']);
});

test('a changed record is seen when its time to live is over', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 0 });
  const { want, answers } = start(t, server);
  want('db.example');
  await answers('db.example', ['192.0.2.1']);
  server.zone.set('db.example', { a: ['192.0.2.2'], ttl: 3_600 });
  await answers('db.example', ['192.0.2.2']);
  server.zone.set('db.example', { a: ['192.0.2.3'], ttl: 0 });
  const asked = server.questions.length;
  want('db.example', 'other.example');
  await server.asked('other.example', 5);
  assert.equal(server.questions.filter((name) => name === 'db.example').length, asked);
});

test('the longest time to live that counts is bounded', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 3_600 });
  const { want } = start(t, server, { longestTtlMs: 20 });
  want('db.example');
  await server.asked('db.example', 3);
});

test(
  'a name that ends to exist loses its addresses, and gets them when it is back',
  LIMIT,
  async (t) => {
    const server = await startDnsServer(t);
    server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 0 });
    const { want, answers } = start(t, server);
    want('db.example');
    await answers('db.example', ['192.0.2.1']);
    server.zone.delete('db.example');
    await answers('db.example', []);
    server.zone.set('db.example', { a: ['192.0.2.2'], ttl: 0 });
    await answers('db.example', ['192.0.2.2']);
  },
);

for (const failure of ['servfail', 'mute'] as const) {
  test(`a server that fails (${failure}) keeps the last answer`, LIMIT, async (t) => {
    const server = await startDnsServer(t);
    server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 0 });
    const { want, answers, answerOf } = start(t, server);
    want('db.example');
    await answers('db.example', ['192.0.2.1']);
    server.zone.set('db.example', failure);
    await server.asked('db.example', server.questions.length + 4);
    assert.deepEqual(answerOf('db.example'), ['192.0.2.1']);
    server.zone.set('db.example', { a: ['192.0.2.2'], ttl: 0 });
    await answers('db.example', ['192.0.2.2']);
  });
}

test('search domains are tried as resolv.conf says', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('db.shop.svc.cluster.local', { a: ['10.0.0.1'], ttl: 60 });
  server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 60 });
  const { want, answers } = start(t, server, {
    resolvConf: { search: ['shop.svc.cluster.local', 'svc.cluster.local'], ndots: 5 },
  });
  want('db', 'db.example', 'db.example.');
  await answers('db', ['10.0.0.1']);
  await answers('db.example', ['192.0.2.1']);
  await answers('db.example.', ['192.0.2.1']);
  assert.ok(server.questions.includes('db.example.shop.svc.cluster.local'));
  assert.ok(!server.questions.includes('db'));
});

test('a broken search domain is passed over', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('db.example.broken.local', 'servfail');
  server.zone.set('db.example', { a: ['192.0.2.1'], ttl: 60 });
  const { want, answers } = start(t, server, {
    resolvConf: { search: ['broken.local'], ndots: 5 },
  });
  want('db.example');
  await answers('db.example', ['192.0.2.1']);
});

test('one family that fails does not hide the other', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('v6.example', { aaaa: ['2001:db8::1'], ttl: 60 });
  const { want, answers } = start(t, server);
  want('v6.example');
  await answers('v6.example', ['2001:db8::1']);
});

test('addresses are their own answer, and nobody is asked', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  const { source, want, answerOf } = start(t, server);
  want('192.0.2.1', '2001:db8::1');
  assert.deepEqual(answerOf('192.0.2.1'), ['192.0.2.1']);
  assert.deepEqual(answerOf('2001:db8::1'), ['2001:db8::1']);
  assert.deepEqual(source.missing(), []);
  assert.deepEqual(server.questions, []);
});

test('a first answer, or failure, is part of the first complete state', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('mute.example', 'mute');
  const { source, want, synced, answerOf } = start(t, server);
  want('gone.example', 'mute.example');
  assert.equal(source.missing().length, 2);
  await synced();
  assert.deepEqual(answerOf('gone.example'), []);
  assert.deepEqual(answerOf('mute.example'), []);
  want('gone.example', 'mute.example', 'later.example');
  assert.deepEqual(source.missing(), []);
});

test('what is no longer wanted is not asked for', LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('a.example', { a: ['192.0.2.1'], ttl: 0 });
  server.zone.set('b.example', { a: ['192.0.2.2'], ttl: 0 });
  const { want, answers, answerOf } = start(t, server);
  want('a.example', 'b.example');
  await answers('a.example', ['192.0.2.1']);
  want('b.example');
  assert.equal(answerOf('a.example'), undefined);
  await server.asked('b.example', 3);
  const asked = server.questions.filter((name) => name === 'a.example').length;
  await server.asked('b.example', 8);
  assert.equal(server.questions.filter((name) => name === 'a.example').length, asked);
  assert.equal(answerOf('a.example'), undefined);
});

test("an answer that comes after nobody wants it is nobody's", LIMIT, async (t) => {
  const server = await startDnsServer(t);
  server.zone.set('early.example', 'mute');
  server.zone.set('late.example', 'mute');
  const { want, answers, answerOf } = start(t, server);
  want('early.example');
  await server.asked('early.example', 1);
  want('late.example');
  await answers('late.example', []); // asked for later, so the other one has been given up before
  assert.equal(answerOf('early.example'), undefined);
});
