import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { eventually } from '../cluster/harness/eventually.ts';
import { freePorts } from '../cluster/harness/ts-nginx.ts';
import { request } from '../cluster/harness/wire.ts';
import { Child } from '../process/child.ts';
import { type FakeApiServer, type FakeObject, startFakeApiServer } from './fake-api-server.ts';
import { ingress, nameOf } from './objects.ts';

const LIMIT = { timeout: 40_000 };
const main = join(import.meta.dirname, '../../src/main.ts');
const address = '127.0.0.1';

interface Running {
  readonly child: Child;
  readonly admin: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  /** Status that a host answers with. */
  readonly ask: (host: string) => Promise<number>;
}

/** The whole program, which watches a fake API server. */
async function start(t: TestContext, server: FakeApiServer): Promise<Running> {
  const ports = await freePorts();
  const child = new Child(
    t,
    process.execPath,
    [
      ...[main, 'serve', `--apiserver-host=${server.url}`, '--disable-leader-election'],
      ...['--workers=0', `--bind=${address}`, `--healthz-host=${address}`],
      ...[`--http-port=${ports.http}`, `--https-port=${ports.https}`],
      ...[`--healthz-port=${ports.admin}`, '--watch-ingress-without-class'],
    ],
    {},
  );
  return {
    child,
    admin: (path) => request({ address, port: ports.admin, host: address, path }),
    ask: async (host) => (await request({ address, port: ports.http, host })).status,
  };
}

/** An Ingress that needs nothing else: it answers 301 by itself. */
function redirect(host: string, { tlsSecret }: { tlsSecret?: string } = {}): FakeObject {
  const key = `shop/${host.replaceAll('.', '-')}`;
  const { spec } = ingress(key, host);
  return {
    metadata: {
      ...nameOf(key),
      annotations: { 'nginx.ingress.kubernetes.io/permanent-redirect': 'https://elsewhere.test/' },
    },
    spec: {
      ...(spec as object),
      ingressClassName: undefined,
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
    },
  };
}

test('without an API server it is alive, not ready, says why, and waits', LIMIT, async (t) => {
  const server = await startFakeApiServer(t, { protocol: 'http1' });
  server.apply('ingresses', redirect('shop.test'));
  await server.close();
  const { child, admin, ask } = await start(t, server);
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
      const { child, admin, ask } = await start(t, server);
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
