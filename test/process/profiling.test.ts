import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Child } from './child.ts';

const program = join(import.meta.dirname, '../../bin/ts-nginx.js');

const manifests = (port: number): string => `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ts-nginx }
spec: { controller: ts-nginx.io/ingress-controller }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec:
  ingressClassName: ts-nginx
  defaultBackend: { service: { name: web, port: { number: 80 } } }
`;

interface Running {
  readonly child: Child;
  readonly http: number;
  readonly admin: number;
  /** Exists with everything that the test writes. */
  readonly folder: string;
}

/** The program with two workers before an endpoint, started with these flags; `{folder}` in them is one of the test's own. */
async function start(t: TestContext, ...flags: readonly string[]): Promise<Running> {
  const upstream = createServer((incoming, response) => {
    incoming.resume().on('end', () => response.end('served'));
  });
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-profiles-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'all.yaml'), manifests((upstream.address() as AddressInfo).port));
  const ports = ['--http-port=0', '--https-port=0', '--healthz-port=0', '--bind=127.0.0.1'];
  const given = flags.map((flag) => flag.replace('{folder}', folder));
  const args = [program, 'serve', `--manifests=${folder}`, '--workers=2', ...ports, ...given];
  const child = new Child(t, process.execPath, args, {});
  const serving = /"httpPort":(\d+).*"adminPort":(\d+).*"msg":"serving"/;
  const [, http, admin] = await child.printed(serving, 'stderr');
  return { child, http: Number(http), admin: Number(admin), folder };
}

/** Requests on a few kept connections, one after another on each, until it is stopped; then all of their outcomes. */
function startTraffic(t: TestContext, port: number): { stop(): Promise<readonly unknown[]> } {
  const agent = new Agent({ keepAlive: true });
  t.after(() => {
    agent.destroy();
  });
  const outcomes: unknown[] = [];
  let isStopped = false;
  const repeat = async (): Promise<void> => {
    while (!isStopped) {
      outcomes.push(await ask(port, agent).catch((error: unknown) => error));
    }
  };
  const loops = Array.from({ length: 8 }, repeat);
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all(loops);
      return outcomes;
    },
  };
}

async function ask(port: number, agent: Agent): Promise<number | undefined> {
  const asked = request({ port, host: '127.0.0.1', agent });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode;
}

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { functionName: string; url: string } }[];
  readonly samples: readonly number[];
}

const post = (port: number, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', ...init });

const isDataPlane = ({ nodes }: CpuProfile): boolean =>
  nodes.some(
    ({ callFrame }) => callFrame.functionName !== '' && /\/dataplane\//.test(callFrame.url),
  );

test('SIGUSR2 writes a CPU profile of each thread, and no request notices', async (t) => {
  const { child, http, folder } = await start(
    t,
    '--profile-directory={folder}/made/profiles',
    '--profile-seconds=2',
  );
  const traffic = startTraffic(t, http);
  child.kill('SIGUSR2');
  await child.printed(/"cpu profile begins"/, 'stderr');
  child.kill('SIGUSR2');
  await child.printed(/"reason":"another profile is running"/, 'stderr');
  await child.printed(/(?:"msg":"cpu profile written"[^]*){3}/, 'stderr');
  const outcomes = await traffic.stop();
  assert.ok(outcomes.length > 20, `${outcomes.length} requests`);
  assert.deepEqual(new Set(outcomes), new Set([200]));

  const profiles = join(folder, 'made/profiles');
  const files = (await readdir(profiles)).sort();
  const threads = files.map((name) => /^ts-nginx-\d+-(.+)-\d{4}-.*\.cpuprofile$/.exec(name)?.[1]);
  assert.deepEqual(threads, ['main', 'worker-0', 'worker-1']);
  for (const [index, name] of files.entries()) {
    const file = join(profiles, name);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.ok(child.stderr.includes(file));
    const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
    assert.ok(profile.samples.length > 100, `${name}: ${profile.samples.length}`);
    assert.equal(isDataPlane(profile), index > 0, name);
  }
});

test('without the flags there is nothing to ask for, and SIGUSR2 harms nobody', async (t) => {
  const { child, admin } = await start(t);
  child.kill('SIGUSR2');
  await child.printed(/"flag":"--profile-directory".*"no profile written/, 'stderr');
  for (const path of ['/debug/profile?thread=main', '/debug/heap?thread=main']) {
    const response = await post(admin, path);
    assert.equal(response.status, 403);
    assert.match(await response.text(), /--enable-profiling/);
  }
});

test('SIGUSR1 opens no debugger, as it does in other Node programs', async (t) => {
  const { child } = await start(t);
  child.kill('SIGUSR1');
  await child.printed(/"SIGUSR1".*no effect/, 'stderr');
  assert.doesNotMatch(child.stderr, /Debugger listening/);
});

test('a folder that can not be written keeps it from starting', async (t) => {
  const args = [program, 'serve', '--manifests=.', '--profile-directory=/dev/null/profiles'];
  const { code, stderr } = await new Child(t, process.execPath, args, {}).ended();
  assert.equal(code, 1);
  assert.match(stderr, /^ts-nginx: --profile-directory takes a folder that can be written: /);
});

test('the admin port gives profiles and heaps while requests are served', async (t) => {
  const { child, http, admin } = await start(t, '--enable-profiling');
  const traffic = startTraffic(t, http);
  const cpu = await post(admin, '/debug/profile?thread=worker-0&seconds=1');
  assert.equal(cpu.status, 200);
  assert.match(
    cpu.headers.get('content-disposition') ?? '',
    /^attachment;.*-worker-0-.*cpuprofile/,
  );
  assert.ok(isDataPlane((await cpu.json()) as CpuProfile));
  for (const thread of ['worker-1', 'main']) {
    const response = await post(admin, `/debug/heap?thread=${thread}`);
    assert.equal(response.status, 200);
    const { snapshot } = (await response.json()) as { snapshot: { meta: object } };
    assert.ok('node_fields' in snapshot.meta);
  }
  assert.deepEqual(new Set(await traffic.stop()), new Set([200]));
  assert.match(child.stderr, /"thread":"worker-1","heapBytes":\d+,"msg":"heap snapshot begins/);
  const unknown = await post(admin, '/debug/heap?thread=worker-2');
  assert.equal(unknown.status, 404);
  assert.equal(await unknown.text(), 'threads are main, worker-0, worker-1\n');
});

test('a client that goes away ends its profile, and the next may begin', async (t) => {
  const { child, admin } = await start(t, '--enable-profiling');
  const gone = new AbortController();
  const signal = gone.signal;
  const long = post(admin, '/debug/profile?thread=worker-0&seconds=600', { signal });
  const refused = assert.rejects(long);
  await child.printed(/"cpu profile begins"/, 'stderr');
  assert.equal((await post(admin, '/debug/profile?thread=main&seconds=1')).status, 409);
  gone.abort();
  await refused;
  let status = 409;
  for (let tries = 0; status === 409 && tries < 100; tries += 1) {
    await setTimeout(50); // V8 has to begin a profile before it can end it
    status = (await post(admin, '/debug/heap?thread=worker-0')).status;
  }
  assert.equal(status, 200);
});

test('SIGTERM does not wait for profiles', async (t) => {
  const { child, admin, folder } = await start(t, '--enable-profiling');
  const long = post(admin, '/debug/profile?thread=main&seconds=600');
  await child.printed(/"cpu profile begins"/, 'stderr');
  const askedAt = performance.now();
  child.kill('SIGTERM');
  const response = await long;
  assert.equal(response.status, 503);
  assert.equal(await response.text(), 'ts-nginx is shutting down\n');
  assert.equal((await child.ended()).code, 0);
  assert.ok(performance.now() - askedAt < 5_000);
  assert.deepEqual(await readdir(folder), ['all.yaml']);
});

test('SIGTERM ends the profiles of a signal as well', async (t) => {
  const { child } = await start(t, '--profile-directory={folder}/p', '--profile-seconds=600');
  child.kill('SIGUSR2');
  await child.printed(/"cpu profile begins"/, 'stderr');
  child.kill('SIGTERM');
  assert.equal((await child.ended()).code, 0);
  assert.match(child.stderr, /"reason":"ts-nginx is shutting down".*"cpu profile not written"/);
});
