import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import type { Ended } from '../process/child.ts';
import { beginRequest, untilRefused } from '../process/half-request.ts';
import { Container, Image, whyNoContainers, type ContainerOptions } from './container.ts';

/** What manifests written for ingress-nginx expect to find in the image. */
const skip = whyNoContainers() ?? false;

suite('image', { skip }, () => {
  let image: Image;
  let upstream: Server;

  before(async () => {
    image = await Image.build();
    upstream = createServer((request, response) => {
      request.resume().on('end', () => response.end('served'));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    await image.writeManifest('all.yaml', manifests((upstream.address() as AddressInfo).port));
  });

  after(async () => {
    upstream.close();
    await image.remove();
  });

  /** Started with this command line and the flags that it needs here; resolves when it answers. */
  async function serve(
    t: TestContext,
    command: readonly string[],
    options: ContainerOptions = {},
  ): Promise<{ container: Container; http: number }> {
    const flags = ['--manifests=/manifests', '--http-port=0', '--https-port=0', '--healthz-port=0'];
    const container = new Container(t, image, [...command, ...flags], options);
    const serving = /"httpPort":(\d+).*"msg":"serving"/;
    const [, http] = await container.child.printed(serving, 'stderr');
    return { container, http: Number(http) };
  }

  test('without any capability the variant runs, and the usual one can not be executed', async (t) => {
    const args = ['/usr/local/bin/ts-nginx', '--version'];
    const runWithout = (): Promise<Ended> =>
      new Container(t, image, args, { capabilities: [] }).child.ended();
    assert.match((await runWithout()).stdout, /^ts-nginx \d/);
    image.setCapability(); // for this test and all that follow
    assert.match((await runWithout()).stderr, /not permitted/);
  });

  for (const { name, command, options } of [
    { name: 'user 101:82', command: ['/usr/local/bin/ts-nginx', 'serve'], options: {} },
    {
      name: 'any other user',
      command: ['/usr/local/bin/ts-nginx', 'serve'],
      options: { user: '12345:0' },
    },
    {
      name: 'args that begin with /nginx-ingress-controller',
      command: ['/usr/local/bin/ts-nginx', '/nginx-ingress-controller', '--election-id=x', '--v=0'],
      options: {},
    },
    {
      name: '/nginx-ingress-controller as the command',
      command: ['/nginx-ingress-controller'],
      options: {},
    },
    {
      name: 'LD_PRELOAD of a library that only the old image has',
      command: ['/usr/local/bin/ts-nginx', 'serve'],
      options: { env: { LD_PRELOAD: '/usr/local/lib/libmimalloc.so' } },
    },
  ]) {
    test(`serves as ${name}, on a read-only root`, async (t) => {
      const { container, http } = await serve(t, command, options);
      assert.equal(await ask(http), 'served');
      const wrote = await container.exec([
        'sh',
        '-c',
        'echo > /tmp-file || echo > /opt/ts-nginx/file',
      ]);
      assert.notEqual(wrote.code, 0);
      assert.match(wrote.stderr, /Read-only file system|Permission denied/);
    });
  }

  test('the capability takes effect, and is the only one', async (t) => {
    const { container } = await serve(t, ['/usr/local/bin/ts-nginx', 'serve']);
    const status = await readFile(`/proc/${await container.firstPid()}/status`, 'latin1');
    assert.match(status, /^Uid:\s+101\s+101\s+101/m);
    assert.match(status, /^NoNewPrivs:\s+1/m);
    assert.match(status, /^CapEff:\s+0{13}400$/m);
  });

  test('--version and /dbg answer', async (t) => {
    const version = new Container(t, image, ['/usr/local/bin/ts-nginx', '--version']);
    assert.match((await version.child.ended()).stdout, /^ts-nginx \d+\.\d+\.\d+\n$/);
    const dbg = await new Container(t, image, ['/dbg', 'backends', 'list']).child.ended();
    assert.equal(dbg.code, 0);
    for (const word of ['/config', '/readyz', '/findings', '10254', 'ts-nginx --help']) {
      assert.ok(dbg.stdout.includes(word), word);
    }
  });

  test('SIGTERM as PID 1 ends it with 0, after what is under way', async (t) => {
    const { container, http } = await serve(t, ['/usr/local/bin/ts-nginx', 'serve']);
    const finish = await beginRequest(t, http, 'image.test');
    process.kill(await container.firstPid(), 'SIGTERM');
    assert.match(await finish(), /served$/);
    assert.equal((await container.child.ended()).code, 0);
  });

  test('kill -USR2 1 in a shell of the container writes profiles, where a volume can be written', async (t) => {
    const volume = await mkdtemp('/dev/shm/ts-nginx-profiles-');
    t.after(() => rm(volume, { recursive: true }));
    await chmod(volume, 0o777); // as an emptyDir
    const { container } = await serve(t, [
      '/usr/local/bin/ts-nginx',
      'serve',
      '--workers=1',
      '--profile-seconds=1',
      `--profile-directory=${volume}`,
    ]);
    assert.equal((await container.exec(['sh', '-c', 'kill -USR2 1'])).code, 0);
    const written = /"thread":"worker-0","file":"([^"]*)","msg":"cpu profile written"/;
    const [, file = ''] = await container.child.printed(written, 'stderr');
    const { stdout } = await container.exec(['cat', file]);
    const { nodes } = JSON.parse(stdout) as { nodes: { callFrame: { url: string } }[] };
    assert.ok(nodes.length > 0);
    const { stdout: threads } = await container.exec(['sh', '-c', 'cat /proc/1/task/*/comm']);
    assert.match(threads, /^worker-0$/m);
  });

  for (const { name, preStop } of [
    { name: '/wait-shutdown', preStop: ['/wait-shutdown'] },
    { name: 'sh -c "sleep …; /wait-shutdown"', preStop: ['sh', '-c', 'sleep 0.1; /wait-shutdown'] },
  ]) {
    test(`preStop ${name} drains, where something else is PID 1, and returns when that is done`, async (t) => {
      const shared = ['sh', '-c', '/usr/local/bin/ts-nginx "$@" & exec sleep 100', 'pause'];
      const { container, http } = await serve(t, [...shared, 'serve']);
      const finish = await beginRequest(t, http, 'image.test');
      let returned = false;
      const hook = container.exec(preStop).finally(() => (returned = true));
      await untilRefused(http);
      assert.equal(returned, false);
      assert.match(await finish(), /served$/);
      const { code, stderr } = await hook;
      assert.deepEqual([code, stderr], [0, '']);
      const again = await container.exec(['/wait-shutdown']);
      assert.equal(again.code, 1, 'nothing is left that could be ended');
    });
  }

  test('what is not needed is not there', async () => {
    const files = await readdir(image.folder, { recursive: true });
    const odd = files.filter((path) =>
      /(?:^|\/)(?:npm|npx|tsc|eslint|prettier)$|^opt\/ts-nginx\/node_modules\/(?:typescript|eslint|prettier|http-proxy|fast-check)|\.test\.js$|\.ts$|\.map$/.test(
        path,
      ),
    );
    assert.deepEqual(odd, []);
    const nodes = files.filter((path) => /(?:^|\/)node$/.test(path));
    assert.deepEqual(nodes, ['usr/local/bin/node']);
  });
});

test('Dockerfile: what the tree above can not show', async () => {
  const text = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const lastStage = text.slice(text.lastIndexOf('\nFROM '));
  assert.match(lastStage, /^FROM debian:\S+-slim$/m, 'a base with a shell and sleep');
  assert.match(
    lastStage,
    /^COPY --from=build \/image\/ \/$/m,
    'nothing but what assemble.ts makes',
  );
  assert.equal(lastStage.match(/^(?:COPY|ADD) /gm)?.length, 1);
  assert.match(lastStage, /^USER 101:82$/m);
  assert.match(lastStage, /^ENTRYPOINT \["\/usr\/local\/bin\/ts-nginx"\]$/m, 'no shell in between');
  assert.match(text, /node image\/assemble\.ts \/image/);
});

async function ask(port: number): Promise<string> {
  const options = { port, host: '127.0.0.1', headers: { host: 'image.test' }, agent: false };
  const [response] = (await once(request(options).end(), 'response')) as [IncomingMessage];
  return textOf(response);
}

function manifests(port: number): string {
  return `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ts-nginx }
spec: { controller: ts-nginx.io/ingress-controller }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: all }
spec:
  ingressClassName: ts-nginx
  rules:
    - host: image.test
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
}
