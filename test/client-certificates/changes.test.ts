/** CAs, lists and hosts that change while clients are connected (docs/decisions/client-certificates.md). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connectTlsClient } from '../blackbox/harness/raw-client.ts';
import { startRawUpstream } from '../blackbox/harness/upstream.ts';
import { sampleAuthority } from '../unit/sample-authority.ts';
import {
  ask,
  authority,
  connectAsker,
  good,
  guardedHosts,
  presents,
  requestText,
  sentFields,
  startGuardedProxy,
  stranger,
  verification,
} from './guarded-proxy.ts';

const foreign = stranger.issue('foreign');
const client = { servername: 'guarded.test', ...presents(good) };

test('new CAs hold for new connections at once', async (t) => {
  const guarded = await startGuardedProxy(t);
  assert.equal((await ask(t, guarded, { certificate: good })).status, 200);
  assert.equal((await ask(t, guarded, { certificate: foreign })).status, 400);
  guarded.apply(guardedHosts(verification({ ca: stranger.ca })));
  assert.equal((await ask(t, guarded, { certificate: good })).status, 400);
  assert.equal((await ask(t, guarded, { certificate: foreign })).status, 200);
  guarded.apply(guardedHosts(verification({ ca: stranger.ca + authority.ca })));
  assert.equal((await ask(t, guarded, { certificate: good })).status, 200);
});

test('a CA may have the name of the one that it follows', async (t) => {
  const successor = sampleAuthority('clients');
  const old = authority.issue('old', { namesIssuerKey: true });
  const young = successor.issue('young', { namesIssuerKey: true });
  for (const ca of [authority.ca + successor.ca, successor.ca + authority.ca]) {
    const guarded = await startGuardedProxy(t, guardedHosts(verification({ ca })));
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const certificate of [old, young]) {
        const { status } = await ask(t, guarded, { certificate, tls: { maxVersion } });
        assert.equal(status, 200);
      }
    }
  }
});

test('a revoked certificate does not get in any more', async (t) => {
  const guarded = await startGuardedProxy(t);
  assert.equal((await ask(t, guarded, { certificate: good })).status, 200);
  guarded.apply(guardedHosts(verification({ crls: [authority.revoke(good)] })));
  assert.equal((await ask(t, guarded, { certificate: good })).status, 400);
});

test('connections that other CAs have verified close where they are idle', async (t) => {
  const guarded = await startGuardedProxy(t);
  const idle = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  idle.write(requestText({ host: 'guarded.test' }));
  assert.equal((await idle.readAnswer()).status, 200);
  const unused = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  const open = await connectTlsClient(t, guarded.proxy.httpsPort, { servername: 'open.test' });
  const asker = await connectAsker(t, guarded, 'guarded.test', good);
  assert.equal((await asker.ask('guarded.test')).status, 200);
  const goaway = once(asker.session, 'goaway');
  guarded.apply(guardedHosts(verification({ ca: stranger.ca })));
  assert.equal(await idle.readToEnd(), '');
  assert.equal(await unused.readToEnd(), '');
  await goaway;
  open.write(requestText({ host: 'open.test' }));
  assert.equal((await open.readAnswer()).status, 200);
});

test('what runs there finishes, and nothing follows it', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.on('data', () => {
      arrived.resolve(undefined);
    });
    answer.promise.then(
      () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      () => undefined,
    );
  });
  const arrived = Promise.withResolvers<undefined>();
  const answer = Promise.withResolvers<undefined>();
  const options = { upstreams: [upstream.endpoint] };
  const guarded = await startGuardedProxy(t, undefined, options);
  const busy = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  busy.write(requestText({ host: 'guarded.test' }) + requestText({ host: 'guarded.test' }));
  await arrived.promise;
  guarded.apply(guardedHosts(verification({ ca: stranger.ca })));
  answer.resolve(undefined);
  assert.equal((await busy.readAnswer()).body, 'ok');
  const refused = await busy.readAnswer();
  assert.equal(refused.status, 421);
  assert.match(refused.head, /^Connection: close$/im);
  assert.equal(await busy.readToEnd(), '');
});

test('a host that begins to ask closes those whom it did not ask', async (t) => {
  const guarded = await startGuardedProxy(t, guardedHosts(undefined));
  const idle = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  idle.write(requestText({ host: 'guarded.test' }));
  assert.equal((await idle.readAnswer()).status, 200);
  guarded.apply(guardedHosts(verification()));
  assert.equal(await idle.readToEnd(), '');
  assert.equal((await ask(t, guarded)).status, 400);
});

test('a change of what does not judge certificates holds on the connections that stand', async (t) => {
  const before = verification();
  const guarded = await startGuardedProxy(t, guardedHosts(before));
  const standing = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  for (const [changes, want] of [
    [{}, 200],
    [{ subjectPattern: 'CN=nobody' }, 403],
    [{ subjectPattern: 'CN=good' }, 200],
    [{ mode: 'optional' }, 200],
  ] as const) {
    guarded.apply(guardedHosts({ ...before, ...changes }));
    standing.write(requestText({ host: 'guarded.test' }));
    assert.equal((await standing.readAnswer()).status, want);
  }
});

test('a certificate that is not asked for any more is not spoken of', async (t) => {
  const before = verification();
  const guarded = await startGuardedProxy(t, guardedHosts(before));
  const standing = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  guarded.apply(guardedHosts({ ...before, mode: 'off' }));
  standing.write(requestText({ host: 'guarded.test' }));
  const fields = sentFields(await standing.readAnswer());
  assert.equal(fields['ssl-client-verify'], 'NONE');
  assert.equal(fields['ssl-client-subject-dn'], undefined);
});

test('a host that does not ask any more serves those whom it asked', async (t) => {
  const guarded = await startGuardedProxy(t);
  const standing = await connectTlsClient(t, guarded.proxy.httpsPort, client);
  guarded.apply(guardedHosts(undefined));
  standing.write(requestText({ host: 'guarded.test', lines: ['ssl-client-verify: SUCCESS'] }));
  const answer = await standing.readAnswer();
  assert.equal(answer.status, 200);
  assert.doesNotMatch(answer.body, /ssl-client/);
});

test('CAs that OpenSSL does not take let nobody in, and harm no other host', async (t) => {
  const guarded = await startGuardedProxy(t, guardedHosts(verification({ crls: ['nothing'] })));
  await assert.rejects(ask(t, guarded, { certificate: good }));
  assert.equal((await ask(t, guarded, { sni: 'open.test' })).status, 200);
  assert.equal((await ask(t, guarded, { sni: 'open.test', host: 'guarded.test' })).status, 421);
});
