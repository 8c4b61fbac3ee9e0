import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { createKubernetesSource } from '../../src/source/kubernetes/kubernetes-source.ts';
import { Store } from '../../src/source/store.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { ingress, secret } from './objects.ts';
import { startSource } from './start-source.ts';

const LIMIT = { timeout: 10_000 };

suite('permissions', () => {
  test('without IngressClasses the rest works, and a finding says so', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.forbid('list', 'ingressclasses');
    server.apply('ingresses', ingress('shop/web'));
    const { store, synced, holds } = startSource(t, server);
    await synced();
    assert.ok(store.snapshot().ingresses.has('shop/web'));
    await holds(() => store.findings().length === 1);
    const [finding] = store.findings();
    assert.equal(finding?.code, 'source-forbidden');
    assert.equal(finding.object, 'Resource ingressclasses.networking.k8s.io');
    assert.match(finding.message, /does not allow list of ingressclasses\.networking\.k8s\.io \(/);
    assert.match(finding.message, /User "tester" cannot list/);

    server.allow('list', 'ingressclasses');
    server.apply('ingressclasses', { metadata: { name: 'nginx' } });
    await holds(({ ingressClasses }) => ingressClasses.has('nginx'));
    assert.deepEqual(store.findings(), []);
  });

  test('what a server forbids while it starts is not believed', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.apply('ingressclasses', { metadata: { name: 'nginx' } });
    const resources = ['ingressclasses', 'ingresses', 'services', 'endpointslices'];
    for (const resource of resources) server.forbid('list', resource);
    const { store, synced } = startSource(t, server);
    for (const name of resources) await server.request(({ resource }) => resource === name);
    for (const resource of resources) server.allow('list', resource);
    await synced();
    assert.ok(store.get('ingressclasses', 'nginx'));
    assert.deepEqual(store.findings(), []);
  });

  test(
    'a server that starts again and forbids at first is watched on from the same version',
    LIMIT,
    async (t) => {
      const server = await startFakeApiServer(t, { protocol: 'http1' });
      const { store, synced, holds } = startSource(t, server);
      await synced();
      await server.request(({ verb, resource }) => verb === 'watch' && resource === 'ingresses');
      const seen = server.requests.length;
      server.failNext({ verb: 'watch', resource: 'ingresses' }, { kind: 'status', status: 403 });
      server.endWatches('ingresses');
      server.apply('ingresses', ingress('shop/web'));
      await holds(({ ingresses }) => ingresses.has('shop/web'));
      assert.ok(server.requests.slice(seen).every(({ verb }) => verb === 'watch'));
      assert.deepEqual(store.findings(), []);
    },
  );

  test('without Ingresses it is never ready', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.forbid('list', 'ingresses');
    const { source, holds, store, synced } = startSource(t, server);
    await holds(() => store.findings().length > 0);
    while (source.missing().length > 1) await new Promise((resolve) => setImmediate(resolve));
    assert.match(source.missing().join(), /^ingresses: first list not complete \(HTTP 403/);
    server.allow('list', 'ingresses');
    await synced();
    assert.deepEqual(store.findings(), []);
  });

  test('a Secret out of reach stops nothing else', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.forbid('list', 'secrets');
    const { refer, store, synced, holds } = startSource(t, server, {
      references: { secrets: new Set(['shop/tls']) },
    });
    await synced();
    await holds(() => store.findings().length === 1);
    assert.equal(store.findings()[0]?.object, 'Secret shop/tls');
    refer({});
    assert.deepEqual(store.findings(), []);
  });

  test('a permission that is taken away empties nothing', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.apply('ingresses', ingress('shop/web'));
    server.apply('secrets', secret('shop/tls'));
    const { source, store, synced, holds } = startSource(t, server, {
      references: { secrets: new Set(['shop/tls']) },
    });
    await synced();
    await server.request(({ verb, resource }) => verb === 'watch' && resource === 'secrets');
    for (const resource of ['ingresses', 'secrets']) {
      server.forbid('list', resource);
      server.forbid('watch', resource);
      server.endWatches(resource);
    }
    await holds(() => store.findings().length === 2);
    assert.ok(store.get('ingresses', 'shop/web'));
    assert.ok(store.get('secrets', 'shop/tls'));
    assert.deepEqual(source.missing(), []);
  });

  test('without watch, lists keep it up to date, and the finding stands', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.forbid('watch', 'ingresses');
    const { store, synced, holds } = startSource(t, server);
    await synced();
    await holds(() => store.findings().length === 1);
    const [finding] = store.findings();
    assert.match(finding?.message ?? '', /does not allow watch of ingresses/);
    server.apply('ingresses', ingress('shop/web'));
    await holds(({ ingresses }) => ingresses.has('shop/web'));
    assert.equal(store.findings().length, 1);
  });
});

suite('credentials', () => {
  for (const protocol of ['http1', 'http2'] as const) {
    test(`a token that rotated is read again at once over ${protocol}`, LIMIT, async (t) => {
      const server = await startFakeApiServer(t, { protocol });
      server.acceptedToken = 'first-token';
      const { synced, holds, tokenFile } = startSource(t, server, {
        timing: { firstRetryMs: 60_000, maxRetryMs: 60_000, healthyMs: 0 },
      });
      await synced();
      for (const name of ['ingressclasses', 'ingresses', 'services', 'endpointslices']) {
        await server.request(({ verb, resource }) => verb === 'watch' && resource === name);
      }

      writeFileSync(tokenFile, 'second-token\n');
      server.acceptedToken = 'second-token';
      const seen = server.requests.length;
      server.endWatches('ingresses');
      server.apply('ingresses', ingress('shop/web'));
      await holds(({ ingresses }) => ingresses.has('shop/web'));
      const sent = server.requests
        .slice(seen)
        .filter(({ resource }) => resource === 'ingresses')
        .map(({ authorization }) => authorization);
      assert.deepEqual(sent, ['Bearer first-token', 'Bearer second-token']);
    });
  }

  test('a token that is never accepted is retried with waits', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    server.acceptedToken = 'another';
    const { source, synced, tokenFile } = startSource(t, server);
    while (!source.missing().every((line) => line.includes('HTTP 401'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    writeFileSync(tokenFile, 'another');
    await synced();
  });

  test('--apiserver-host and --certificate-authority need no kubeconfig', LIMIT, async (t) => {
    const server = await startFakeApiServer(t, { protocol: 'http1' });
    const store = new Store();
    const source = createKubernetesSource(
      {
        kubeconfig: undefined,
        apiserverHost: server.url,
        certificateAuthority: undefined,
        watchNamespaces: [],
        watchNamespaceObjects: false,
      },
      store,
      createRecordingLog().log,
    );
    t.after(() => source.stop());
    source.start();
    const { authorization } = await server.request(({ resource }) => resource === 'ingresses');
    assert.equal(authorization, undefined);
  });

  test('a kubeconfig that can not be read is told at once', () => {
    const options = {
      kubeconfig: '/nonexistent/kubeconfig',
      apiserverHost: undefined,
      certificateAuthority: undefined,
      watchNamespaces: [],
      watchNamespaceObjects: false,
    };
    assert.throws(
      () => createKubernetesSource(options, new Store(), createRecordingLog().log),
      /nonexistent/,
    );
  });
});
