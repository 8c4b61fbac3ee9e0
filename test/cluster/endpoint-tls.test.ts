import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { ingress, TEST_LABEL } from './harness/app.ts';
import { TestAuthority, type Certificate } from './harness/certificate.ts';
import { startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request } from './harness/wire.ts';

const NAMESPACE = 'cluster-test-endpoint-tls';
const ENDPOINT = { address: '10.244.210.1', port: 8443 };

/** `proxy-ssl-*` with the Secret in a real API server, and an endpoint that asks for our certificate and shows its own. */
const needsOwnCluster =
  process.env['KUBECONFIG'] === undefined ? {} : { skip: 'the endpoint is in this process' };
suite('TLS towards endpoints', needsOwnCluster, () => {
  const authority = new TestAuthority();
  const client = authority.issue('ts-nginx.test');
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;

  const untilStatus = (wanted: number): Promise<string> =>
    eventually(`tls.test answers ${wanted}`, async () => {
      const { status, body } = await request(tsNginx.http('tls.test'));
      assert.equal(status, wanted, body);
      return body;
    });

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    const endpoint = await startEndpoint(authority, authority.issue('inner.test'));
    cleanup.defer(endpoint);
    const metadata = { name: NAMESPACE, labels: { [TEST_LABEL]: 'true' } };
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      service(),
      slice(),
      tlsIngress('inner.test'),
    );
    tsNginx = await runTsNginx(cluster);
    cleanup.defer(() => tsNginx.stop());
    await tsNginx.untilReady();
  });

  after(() => cleanup.disposeAsync());

  test('as long as the Secret is missing, the path is closed', async () => {
    await untilStatus(503);
    assert.match((await tsNginx.admin('/findings')).body, /proxy-ssl-secret/);
  });

  test('with it the endpoint is checked, and sees our certificate and the name', async () => {
    await cluster.apply(identity(client, authority));
    const seen = JSON.parse(await untilStatus(200)) as { serial: string; serverName: string };
    assert.deepEqual(seen, { serial: client.serial, serverName: 'inner.test' });
  });

  test('a renewed certificate is shown, on a connection of its own', async () => {
    const renewed = authority.issue('ts-nginx.test');
    await cluster.apply(identity(renewed, authority));
    await eventually('the endpoint sees it', async () => {
      const { serial } = JSON.parse(await untilStatus(200)) as { serial: string };
      assert.equal(serial, renewed.serial);
    });
  });

  test('an endpoint with a certificate for another name is a 502, and the log says so', async () => {
    await cluster.apply(tlsIngress('another.test'));
    await untilStatus(502);
    await eventually('the log names the reason', () => {
      assert.match(tsNginx.child.log(), /certificate of the endpoint is for another name/);
    });
    await cluster.apply(tlsIngress('inner.test'));
    await untilStatus(200);
  });

  test('an endpoint of another authority is a 502', async () => {
    await cluster.apply(identity(client, new TestAuthority()));
    await untilStatus(502);
    await cluster.apply(identity(client, authority));
    await untilStatus(200);
  });

  test('a Secret that is gone closes the path again', async () => {
    await cluster.kubectl(['-n', NAMESPACE, 'delete', 'secret', 'identity']);
    await untilStatus(503);
  });
});

/** Answers what it saw of its client; gives the function that ends it. */
async function startEndpoint(
  { pem: ca }: TestAuthority,
  { certificate: cert, key }: Certificate,
): Promise<() => Promise<void>> {
  const options = { cert, key, ca, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, ({ socket }, response) => {
    assert.ok(socket instanceof TLSSocket);
    const { serialNumber: serial } = socket.getPeerCertificate();
    response.end(JSON.stringify({ serial, serverName: socket.servername }));
  });
  server.on('tlsClientError', () => {}); // the test sees the other side of it
  server.listen(ENDPOINT.port, ENDPOINT.address);
  await once(server, 'listening');
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
}

function tlsIngress(name: string): object {
  const prefix = 'nginx.ingress.kubernetes.io';
  return ingress({
    name: 'tls',
    namespace: NAMESPACE,
    host: 'tls.test',
    service: 'tls',
    annotations: {
      [`${prefix}/backend-protocol`]: 'HTTPS',
      [`${prefix}/proxy-ssl-secret`]: `${NAMESPACE}/identity`,
      [`${prefix}/proxy-ssl-verify`]: 'on',
      [`${prefix}/proxy-ssl-name`]: name,
      [`${prefix}/proxy-ssl-server-name`]: 'on',
    },
  });
}

/** Who we are towards the endpoint, and whom we believe. */
function identity({ certificate, key }: Certificate, { pem }: TestAuthority): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'identity', namespace: NAMESPACE },
    stringData: { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': pem },
  };
}

function service(): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'tls', namespace: NAMESPACE },
    spec: { ports: [{ name: 'http', port: 443, targetPort: ENDPOINT.port }] },
  };
}

function slice(): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'tls-1',
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': 'tls' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: ENDPOINT.port }],
    endpoints: [{ addresses: [ENDPOINT.address], conditions: { ready: true } }],
  };
}
