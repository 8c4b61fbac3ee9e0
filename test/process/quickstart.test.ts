import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Child, run } from './child.ts';
import { cloneQuickstart, type QuickstartClone } from './clone.ts';
import { beginRequest, untilRefused } from './half-request.ts';

/** `npm start -- FLAGS`, as npm runs it, in a clone. */
function start(t: TestContext, clone: QuickstartClone, flags: readonly string[] = []): Child {
  const args = ['bin/quickstart.js', ...clone.portFlags, ...flags];
  return new Child(t, process.execPath, args, { cwd: clone.folder });
}

const READY = /ts-nginx is ready[^]*Ctrl-C ends/;

test('quickstart: what it prints works as it stands, on the ports that were asked for', async (t) => {
  const clone = await cloneQuickstart(t);
  const child = start(t, clone);
  const [welcome] = await child.printed(READY);
  const commands = [...welcome.matchAll(/curl (.+)/g)].map(([, args = '']) =>
    args.trim().split(' '),
  );
  assert.equal(commands.length, 3);
  const answers = await Promise.all(commands.map((args) => run(t, 'curl', ['-sS', ...args])));
  assert.deepEqual(
    answers.map(({ code, stderr }) => [code, stderr]),
    [
      [0, ''],
      [0, ''],
      [0, ''],
    ],
  );
  const echoes = answers.map(
    ({ stdout }) => JSON.parse(stdout) as { service: string; ingress: string[]; headers: object },
  );
  assert.deepEqual(
    echoes.map(({ service, ingress }) => [service, ...ingress]),
    [
      ['demo/api', 'demo/paths'],
      ['demo/api', 'demo/hosts'],
      ['demo/web', 'demo/tls'],
    ],
  );
  const [, page = ''] = /open +(\S+)/.exec(welcome) ?? [];
  const html = await run(t, 'curl', ['-sS', '-H', 'Accept: text/html', page]);
  assert.match(html.stdout, /<title>demo\/web · ts-nginx quickstart<\/title>/);
  const [, admin = ''] = /look +(\S+)/.exec(welcome) ?? [];
  assert.match((await run(t, 'curl', ['-sS', admin])).stdout, /<html/);
  const findings = await run(t, 'curl', ['-sS', `${admin}findings`]);
  assert.match(findings.stdout, /"count": 0/, 'the quickstart has nothing to complain of');
});

test('quickstart: an edited file is live while it runs', async (t) => {
  const clone = await cloneQuickstart(t);
  const child = start(t, clone);
  await child.printed(READY);
  const url = `http://shop.localhost:${clone.ports.http}/live/reload`;
  const ask = async (): Promise<string> => (await run(t, 'curl', ['-sS', url])).stdout;
  assert.match(await ask(), /"service": "demo\/web"/);
  await clone.edit('paths.yaml', 'path: /api', 'path: /live');
  for (let tries = 0; tries < 100 && !(await ask()).includes('demo/api'); tries += 1);
  assert.match(await ask(), /"service": "demo\/api"/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`quickstart: ${signal} lets what is under way finish, and is exit code 0`, async (t) => {
    const clone = await cloneQuickstart(t);
    const child = start(t, clone);
    await child.printed(READY);
    const finish = await beginRequest(t, clone.ports.http, 'shop.localhost');
    child.kill(signal);
    await untilRefused(clone.ports.http);
    assert.match(await finish(), /^HTTP\/1\.1 200 [^]*"bodyBytes": 10/);
    const { code, signal: killedBy } = await child.ended();
    assert.deepEqual([code, killedBy], [0, null]);
  });
}

test('quickstart: a port in use is one line that names the flag, and exit code 1', async (t) => {
  const clone = await cloneQuickstart(t);
  const taken = createServer().listen(0);
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stdout, stderr } = await start(t, clone, [`--http-port=${port}`]).ended();
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, new RegExp(`^[^\\n]*${port}[^\\n]*--http-port[^\\n]*\\n$`));
});

test('quickstart: a backend port in use is one line that names the file, and exit code 1', async (t) => {
  const clone = await cloneQuickstart(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await clone.edit('backends.yaml', 'port: 80\n', `port: 80\n---\n${slice(port)}`);
  const { code, stdout, stderr } = await start(t, clone).ended();
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, new RegExp(`^port ${port} [^\\n]*examples/quickstart/backends\\.yaml\\n$`));
});

test('quickstart: a wrong flag is one line, and exit code 1', async (t) => {
  const clone = await cloneQuickstart(t);
  const { code, stdout, stderr } = await start(t, clone, ['--htp-port=1']).ended();
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^[^\n]*--htp-port[^\n]*\n$/);
});

function slice(port: number): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: taken, namespace: demo, labels: { kubernetes.io/service-name: taken } }
addressType: IPv4
ports: [{ port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
}
