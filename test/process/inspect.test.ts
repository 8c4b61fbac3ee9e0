import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Child, run } from './child.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

const MANIFESTS = `apiVersion: networking.k8s.io/v1
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
ports: [{ port: 8080 }]
endpoints: [{ addresses: [10.0.0.1] }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: huge
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
spec:
  ingressClassName: ts-nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
`;

async function writeManifests(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-inspect-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'all.yaml'), MANIFESTS);
  return folder;
}

const inspect = (t: TestContext, ...args: string[]) => run(t, process.execPath, [main, ...args]);

test('explain and status say of manifests what the instance that serves them says', async (t) => {
  const folder = await writeManifests(t);
  const ports = ['--http-port=0', '--https-port=0', '--healthz-port=0', '--bind=127.0.0.1'];
  const flags = ['serve', `--manifests=${folder}`, '--workers=1', '--healthz-host=127.0.0.1'];
  const serving = new Child(t, process.execPath, [main, ...flags, ...ports], {});
  const [, adminPort = ''] = await serving.printed(/"adminPort":(\d+).*"serving"/, 'stderr');
  const objects = `--manifests=${folder}`;
  const admin = `--admin=http://127.0.0.1:${adminPort}`;

  const url = 'http://shop.example.com/cart?a=b';
  const read = await inspect(t, 'explain', url, objects, '-o', 'json');
  const asked = await inspect(t, 'explain', url, admin, '--output=json');
  assert.equal(read.stderr, '');
  assert.equal(read.stdout, asked.stdout);
  const { upstream, findings } = JSON.parse(read.stdout) as {
    upstream: { endpoints: string[] };
    findings: { code: string }[];
  };
  assert.deepEqual(upstream.endpoints, ['10.0.0.1:8080']);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['annotation-invalid'],
  );

  const table = await inspect(t, 'status', objects);
  assert.equal(table.stdout, (await inspect(t, 'status', admin)).stdout);
  assert.match(table.stdout, /^shop\/web +shop\.example\.com +1 +partial +1$/m);
});

for (const { args, code, says } of [
  { args: ['shop/web'], code: 0, says: /^shop\/web /m },
  { args: ['shop/wbe'], code: 1, says: /there is no Ingress shop\/wbe of our class/ },
  { args: ['-n', 'shop'], code: 0, says: /^shop\/web /m },
  { args: ['--namespace=blog'], code: 0, says: /^No Ingress is served\.$/m },
  { args: ['--fail-on=closed'], code: 0, says: /^shop\/web /m },
  { args: ['--fail-on=partial'], code: 1, says: /^shop\/web /m },
  { args: ['-o', 'json'], code: 0, says: /"effect": "partial"/ },
]) {
  test(`ts-nginx status ${args.join(' ')}: exit code ${code}`, async (t) => {
    const folder = await writeManifests(t);
    const ended = await inspect(t, 'status', ...args, `--manifests=${folder}`);
    assert.equal(ended.code, code);
    assert.match(`${ended.stdout}${ended.stderr}`, says);
  });
}

test('explain prints for people who asks, where it goes, and what is to be fixed', async (t) => {
  const folder = await writeManifests(t);
  const { code, stdout } = await inspect(
    t,
    'explain',
    'https://10.9.8.7/x/../cart',
    '--header=Host: shop.example.com',
    `--manifests=${folder}`,
  );
  assert.equal(code, 0);
  assert.match(stdout, /^request +https:\/\/shop\.example\.com\/cart$/m);
  assert.match(stdout, /^route +prefix \/ of Ingress shop\/web, Service web:80$/m);
  assert.match(stdout, /^endpoints +10\.0\.0\.1:8080$/m);
  assert.match(stdout, /^answer +the endpoint’s$/m);
  assert.match(stdout, /partial: Ingress shop\/web .*proxy-body-size/);
});

test('what answers, but is no admin port, is told apart from one', async (t) => {
  const server = createServer((_request, response) => response.end('<html>welcome</html>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { code, stdout, stderr } = await inspect(t, 'status', `--admin=http://127.0.0.1:${port}`);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /answered no JSON, so it is no admin port of ts-nginx/);
  assert.doesNotMatch(stderr, /SyntaxError/);
});

for (const { args, says } of [
  { args: ['explain'], says: 'explain takes one URL' },
  { args: ['explain', 'ftp://a.test/'], says: 'is no URL with http:// or https://' },
  { args: ['explain', 'http://a.test/', '--header=x'], says: '--header is name:value' },
  { args: ['explain', 'http://a.test/', '--client=bogus'], says: '--client is an IP address' },
  {
    args: ['status', `--manifests=${import.meta.filename}`],
    says: 'name the folder that it is in',
  },
  { args: ['explain', 'http://a.test/', '--hedder=x'], says: 'perhaps --header' },
  { args: ['status', '--output=xml'], says: '--output is text or json' },
  { args: ['status', 'more'], says: '"more" is no NAMESPACE/NAME of an Ingress' },
  { args: ['status', 'a/b', '-n', 'a'], says: 'Ingresses or --namespace, not both' },
  { args: ['status', '--fail-on=notice'], says: '--fail-on is closed or partial' },
  {
    args: ['status', '--admin=http://127.0.0.1:1'],
    says: 'no answer from http://127.0.0.1:1 (',
  },
]) {
  test(`ts-nginx ${args.join(' ')}: ${says}`, async (t) => {
    const { code, stdout, stderr } = await inspect(t, ...args);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(says), stderr);
  });
}
