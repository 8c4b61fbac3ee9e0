/** Which endpoint of a host gets a TLS connection that is passed through: `ssl-passthrough` (routing.md §16). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fullEndpoint } from './harness/full-endpoint.ts';
import {
  connectTcp,
  HELLO,
  openPassthrough,
  ownCertificate,
  passthroughHosts,
  presentedName,
  startAcceptor,
  startPassthrough,
} from './harness/passthrough.ts';
import { connectTlsClient } from './harness/raw-client.ts';
import { refusedEndpoint } from './harness/upstream.ts';

test('an endpoint that leaves keeps its connections and gets no new ones', async (t) => {
  const leaving = await startAcceptor(t);
  const staying = await startAcceptor(t);
  const proxy = await startPassthrough(t, [leaving.endpoint]);
  const { client, server } = await openPassthrough(t, proxy, leaving);
  proxy.apply({
    upstreams: [staying.endpoint],
    certificates: [ownCertificate],
    virtualHosts: passthroughHosts(),
  });
  await openPassthrough(t, proxy, staying);
  client.write('still here');
  await server.waitFor('still here');
  // The host, too.
  proxy.apply({ certificates: [ownCertificate], virtualHosts: [] });
  server.write('here, too');
  await client.waitFor('here, too');
  assert.equal(leaving.connections(), 1);
  const other = await connectTlsClient(t, proxy.httpsPort, { servername: 'pass.test' });
  assert.equal(presentedName(other), 'proxy.test');
});

test('connections are spread over endpoints', async (t) => {
  const one = await startAcceptor(t);
  const other = await startAcceptor(t);
  const proxy = await startPassthrough(t, [one.endpoint, other.endpoint]);
  for (let round = 0; round < 3; round++) {
    await Promise.all([openPassthrough(t, proxy, one), openPassthrough(t, proxy, other)]);
  }
  assert.deepEqual([one.connections(), other.connections()], [3, 3]);
});

test('an endpoint that refuses is passed over', async (t) => {
  const acceptor = await startAcceptor(t);
  const proxy = await startPassthrough(t, [await refusedEndpoint(), acceptor.endpoint]);
  await openPassthrough(t, proxy, acceptor);
  await openPassthrough(t, proxy, acceptor);
  const { passthroughOpened, passthroughFailed } = proxy.stats.take();
  assert.deepEqual([passthroughOpened, passthroughFailed], [2, 0]);
  const [line] = proxy.logLines.filter(({ message }) => message === 'endpoint failed');
  const { reason, cluster } = line?.fields as Record<string, unknown>;
  assert.deepEqual([reason, cluster], ['endpoint refused the connection', 'test-main-80']);
});

test('an endpoint that does not accept in time is passed over', async (t) => {
  const acceptor = await startAcceptor(t);
  const upstreams = [await fullEndpoint(t), acceptor.endpoint];
  const proxy = await startPassthrough(t, upstreams, { passthrough: { connectMs: 200 } });
  await openPassthrough(t, proxy, acceptor);
  await openPassthrough(t, proxy, acceptor);
  // Once or twice: where the round begins is chance.
  assert.ok((proxy.limits.get('upstream-connect-timeout') ?? 0) > 0);
});

test('no other endpoint is tried where that is off, or the time for it is over', async (t) => {
  for (const passthrough of [{ attempts: 1 }, { withinMs: 0 }]) {
    const acceptor = await startAcceptor(t);
    const upstreams = [await refusedEndpoint(), acceptor.endpoint];
    const proxy = await startPassthrough(t, upstreams, { passthrough });
    const clients = [await connectTcp(t, proxy.httpsPort), await connectTcp(t, proxy.httpsPort)];
    for (const client of clients) client.write(HELLO);
    await Promise.all([acceptor.next(), Promise.race(clients.map((client) => client.readToEnd()))]);
    assert.equal(proxy.stats.take().passthroughFailed, 1);
    assert.equal(acceptor.connections(), 1);
  }
});

test('without an endpoint, or one that answers, a client is closed and counted', async (t) => {
  const none = await startPassthrough(t, []);
  const client = await connectTcp(t, none.httpsPort);
  client.write(HELLO);
  assert.equal(await client.readToEnd(), '');
  assert.equal(none.stats.take().passthroughFailed, 1);
  const refusing = [await refusedEndpoint(), await refusedEndpoint(), await refusedEndpoint()];
  const some = await startPassthrough(t, refusing, { passthrough: { attempts: 2 } });
  const other = await connectTcp(t, some.httpsPort);
  other.write(HELLO);
  assert.equal(await other.readToEnd(), '');
  assert.equal(some.stats.take().passthroughFailed, 1);
  const reasons = none.logLines.map(({ fields }) => (fields as { reason?: string }).reason);
  assert.equal(reasons[0], 'no endpoint for TLS passthrough');
});
