import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { eventually } from '../cluster/harness/eventually.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { redirect, startProgram } from './start-program.ts';

const LIMIT = { timeout: 40_000 };

test('without an API server it is alive, not ready, says why, and waits', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('ingresses', redirect('shop.test'));
  await server.close();
  const { child, admin, ask } = await startProgram(t, server);
  await child.printed(/api server does not answer/, 'stderr');
  await eventually('/readyz says what is waited for', async () => {
    const { status, body } = await admin('/readyz?verbose');
    assert.equal(status, 500);
    assert.match(body, /^\[-\] ingresses: first list not complete \(connection refused\)$/m);
    assert.match(body, /^\[-\] services: first list not complete \(connection refused\)$/m);
  });
  assert.equal((await admin('/livez')).status, 200);
  await assert.rejects(ask('shop.test'), 'no 404 for a host that may be known in a moment');

  await server.listen();
  await eventually('it is ready', async () => {
    assert.equal((await admin('/readyz')).status, 200);
  });
  assert.equal(await ask('shop.test'), 301);
  assert.equal(child.stderr.match(/api server does not answer/g)?.length, 1, child.stderr);
  assert.match(child.stderr, /api server answers/);
});

/** What goes on without the right, and whether a new process serves at all. */
const RIGHTS = [
  { verb: 'list', resource: 'ingressclasses', group: '.networking.k8s.io', isReady: true },
  { verb: 'list', resource: 'secrets', group: '', isReady: true },
  { verb: 'watch', resource: 'ingresses', group: '.networking.k8s.io', isReady: true },
  { verb: 'list', resource: 'endpointslices', group: '.discovery.k8s.io', isReady: false },
] as const;

suite('one right is missing', { concurrency: 2 }, () => {
  for (const { verb, resource, group, isReady } of RIGHTS) {
    test(`${verb} of ${resource}: named by log, /readyz and metric`, LIMIT, async (t) => {
      const server = await startFakeApiServer(t, { protocol: 'http1' });
      server.forbid(verb, resource);
      server.apply('ingresses', redirect('shop.test'));
      server.apply('ingresses', redirect('tls.test', { tlsSecret: 'tls' }));
      const { child, admin, ask } = await startProgram(t, server);
      const right = `${verb} of ${resource}${group}`;
      await child.printed(new RegExp(`does not allow ${right}`), 'stderr');

      await eventually('/readyz names it', async () => {
        const { status, body } = await admin('/readyz?verbose');
        assert.equal(status, isReady ? 200 : 500, body);
        assert.ok(body.includes(`[!] the API server does not allow ${right}\n`), body);
      });
      const { body: metrics } = await admin('/metrics');
      const labels = `verb="${verb}",resource="${resource}${group}"`;
      assert.ok(metrics.includes(`ts_nginx_missing_rights{${labels}`), metrics);
      if (!isReady) return;
      assert.equal(await ask('shop.test'), 301);
      server.apply('ingresses', redirect('later.test'));
      await eventually('what changes is served', async () => {
        assert.equal(await ask('later.test'), 301);
      });
    });
  }
});
