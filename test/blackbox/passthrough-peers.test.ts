/** TLS passed through from openssl and curl to nginx, each of them real. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Endpoint, Passthrough } from '../../src/model/config.ts';
import { selfSignedCertificate } from './harness/self-signed.ts';
import { startProxy } from './harness/start-proxy.ts';
import { untilListening } from './harness/until-listening.ts';
import { freeEndpoint } from './harness/upstream.ts';

const run = promisify(execFile);
const certificate = selfSignedCertificate('default', ['proxy.test']);
const ofNginx = selfSignedCertificate('nginx', ['pass.test']);

const missing = ['nginx', 'openssl', 'curl'].filter(
  (program) => spawnSync('which', [program]).status !== 0,
);
const skip = missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;

const NGINX_CONF = `
daemon off;
master_process off;
pid FOLDER/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  ssl_certificate FOLDER/tls.crt;
  ssl_certificate_key FOLDER/tls.key;
  server {
    listen 127.0.0.1:PLAIN_PORT ssl http2;
    location / { return 200 "nginx for $ssl_server_name by $server_protocol"; }
  }
  server {
    listen 127.0.0.1:PROXY_PORT ssl proxy_protocol;
    location / { return 200 "for $proxy_protocol_addr:$proxy_protocol_port"; }
  }
}
`;

interface Nginx {
  /** Where TLS is spoken at once, and where a PROXY header must come first. */
  readonly plain: Endpoint;
  readonly proxied: Endpoint;
  /** PEM file of its certificate. */
  readonly caFile: string;
}

async function startNginx(t: TestContext): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'passthrough-'));
  const [plain, proxied] = [await freeEndpoint(), await freeEndpoint()];
  const conf = NGINX_CONF.replaceAll('FOLDER', folder)
    .replace('PLAIN_PORT', String(plain.port))
    .replace('PROXY_PORT', String(proxied.port));
  writeFileSync(join(folder, 'nginx.conf'), conf);
  writeFileSync(join(folder, 'tls.crt'), ofNginx.chain);
  writeFileSync(join(folder, 'tls.key'), ofNginx.key.reveal());
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill();
    await exited;
    rmSync(folder, { recursive: true });
  });
  await Promise.race([
    untilListening(proxied.port),
    exited.then(() => assert.fail('nginx has ended')),
  ]);
  return { plain, proxied, caFile: join(folder, 'tls.crt') };
}

async function startPassthrough(
  t: TestContext,
  endpoint: Endpoint,
  more: Partial<Passthrough> = {},
): Promise<number> {
  const limits = { connectMs: 5_000, idleMs: 60_000, attempts: 3, withinMs: 'none' } as const;
  const passthrough: Passthrough = { cluster: 'main', ...limits, ...more };
  const { httpsPort } = await startProxy(t, {
    upstreams: [endpoint],
    certificates: [certificate],
    virtualHosts: [{ name: 'pass.test', passthrough }],
  });
  return httpsPort;
}

/** Checks nginx's certificate. */
async function curl(port: number, caFile: string, ...more: string[]): Promise<string> {
  const where = ['--resolve', `pass.test:${port}:127.0.0.1`, `https://pass.test:${port}/`];
  const args = ['-sS', '--max-time', '10', '--cacert', caFile, ...more, ...where];
  return (await run('curl', args)).stdout;
}

test('curl speaks with nginx, over HTTP/2 and in either version of TLS', { skip }, async (t) => {
  const { plain, caFile } = await startNginx(t);
  const port = await startPassthrough(t, plain);
  assert.equal(await curl(port, caFile), 'nginx for pass.test by HTTP/2.0');
  const old = await curl(port, caFile, '--tls-max', '1.2', '--http1.1');
  assert.equal(old, 'nginx for pass.test by HTTP/1.1');
});

test('openssl s_client shakes hands with nginx', { skip }, async (t) => {
  const { plain, caFile } = await startNginx(t);
  const port = await startPassthrough(t, plain);
  const names = ['-servername', 'pass.test', '-verify_hostname', 'pass.test'];
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, ...names, '-CAfile', caFile];
  const client = run('openssl', [...args, '-verify_return_error']);
  client.child.stdin?.end();
  const { stdout } = await client;
  assert.match(stdout, /subject=CN ?= ?pass\.test/);
  assert.match(stdout, /Verify return code: 0 \(ok\)/);
});

test('nginx reads the PROXY header that it is sent', { skip }, async (t) => {
  const { proxied, caFile } = await startNginx(t);
  for (const proxyProtocol of ['v1', 'v2'] as const) {
    const port = await startPassthrough(t, proxied, { proxyProtocol });
    const told = await curl(port, caFile, '--local-port', '40000-49999', '-w', ' %{local_port}');
    const [, toldPort, localPort] = /^for 127\.0\.0\.1:(\d+) (\d+)$/.exec(told) ?? [];
    assert.ok(toldPort !== undefined && toldPort === localPort, told);
  }
});
