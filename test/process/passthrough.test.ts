import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import { sampleCertificate } from '../unit/sample-certificate.ts';
import { Child } from './child.ts';

const { chain, key } = sampleCertificate('db.test', ['db.test']);

test('ssl-passthrough: from a manifest, through workers, to the endpoint and back', async (t) => {
  const port = await startEndpoint(t);
  const folder = mkdtempSync(join(tmpdir(), 'passthrough-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'db.yaml'), manifests(port));
  const flags = ['--enable-ssl-passthrough', '--watch-ingress-without-class', '--workers=2'];
  const ports = ['--http-port=0', '--https-port=0', '--healthz-port=0', '--bind=127.0.0.1'];
  const args = ['src/main.ts', 'serve', `--manifests=${folder}`, ...flags, ...ports];
  const child = new Child(t, process.execPath, args, {});
  const [, httpsPort, adminPort] = await child.printed(
    /"httpsPort":(\d+),"adminPort":(\d+)/,
    'stderr',
  );

  const client = connect({
    port: Number(httpsPort),
    host: '127.0.0.1',
    servername: 'db.test',
    ca: chain,
  });
  t.after(() => client.destroy());
  await once(client, 'secureConnect');
  client.setEncoding('utf8').end('to and fro');
  assert.deepEqual(await once(client, 'data'), ['to and fro']);
  await once(client, 'close');

  const admin = `http://127.0.0.1:${adminPort}`;
  assert.match(await (await fetch(`${admin}/findings`)).text(), /"count": 0/);
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  assert.match(metrics, /passthrough_connections_total\{outcome="opened",[^}]*\} 1\n/);
  assert.match(metrics, /passthrough_bytes_total\{direction="sent",[^}]*\} [1-9]/);
});

/** Terminates TLS, and sends back what it gets. */
async function startEndpoint(t: TestContext): Promise<number> {
  const server = createServer({ cert: chain, key: key.reveal() }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function manifests(port: number): string {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: db
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/ssl-passthrough: "true"
spec:
  rules:
    - host: db.test
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: { service: { name: db, port: { number: 443 } } }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { ports: [{ port: 443, targetPort: ${port} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-1
  namespace: shop
  labels: { kubernetes.io/service-name: db }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${port} }]
`;
}
