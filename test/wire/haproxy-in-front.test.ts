/** A real HAProxy in front that speaks the PROXY protocol: the client's own address is what counts (routing.md §11). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilListening } from '../blackbox/harness/until-listening.ts';
import { freeEndpoint, startUpstream } from '../blackbox/harness/upstream.ts';
import { Child } from '../process/child.ts';
import { skipWithout } from './harness/installed.ts';
import { startProduct, type Product } from './harness/product.ts';

const ALLOWED = '127.0.0.9';
const OTHER = '127.0.0.10';

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Balancer {
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** HAProxy for both ports of the product; `version`: of the header that it sends. */
async function startHaproxy(t: TestContext, product: Product, version: 'v1' | 'v2') {
  const [{ port: httpPort }, { port: httpsPort }] = [await freeEndpoint(), await freeEndpoint()];
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-haproxy-'));
  t.after(() => rm(folder, { recursive: true }));
  const send = version === 'v1' ? 'send-proxy' : 'send-proxy-v2';
  const part = (name: string, from: number, to: number): string =>
    `listen ${name}\n  bind 127.0.0.1:${from}\n  server product 127.0.0.1:${to} ${send}\n`;
  const timeouts = '  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n';
  const config = `defaults\n  mode tcp\n${timeouts}${part('plain', httpPort, product.httpPort)}${part('tls', httpsPort, product.httpsPort)}`;
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, config);
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin`;
  new Child(t, 'haproxy', ['-db', '-f', file], { env: { PATH: path } });
  await Promise.all([untilListening(httpPort), untilListening(httpsPort)]);
  return { httpPort, httpsPort };
}

async function ask(balancer: Balancer, scheme: 'http' | 'https', from: string): Promise<Answer> {
  const isTls = scheme === 'https';
  const asking = (isTls ? requestTls : request)({
    host: '127.0.0.1',
    port: isTls ? balancer.httpsPort : balancer.httpPort,
    localAddress: from,
    rejectUnauthorized: false,
    agent: false,
    headers: { host: 'app.test' },
  });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let body = '';
  response.setEncoding('utf8').on('data', (text: string) => (body += text));
  await once(response, 'end');
  return { status: response.statusCode ?? 0, body };
}

async function startSite(t: TestContext, trusted: string): Promise<Product> {
  const { endpoint } = await startUpstream(t, ({ headers }, response) => {
    response.end(`${String(headers['x-forwarded-for'])} ${String(headers['x-real-ip'])}`);
  });
  return startProduct(t, {
    endpoints: [endpoint.port],
    settings: {
      'use-proxy-protocol': 'true',
      'proxy-real-ip-cidr': trusted,
      'disable-access-log': 'false',
      'log-format-upstream': 'from $remote_addr $status',
    },
    annotations: { 'whitelist-source-range': ALLOWED },
  });
}

const skip = skipWithout('haproxy');

for (const version of ['v1', 'v2'] as const) {
  test(`HAProxy in front, PROXY protocol ${version}`, { skip, timeout: 60_000 }, async (t) => {
    const product = await startSite(t, '127.0.0.1/32');
    const balancer = await startHaproxy(t, product, version);
    for (const scheme of ['http', 'https'] as const) {
      const { status, body } = await ask(balancer, scheme, ALLOWED);
      assert.deepEqual([status, body], [200, `${ALLOWED} ${ALLOWED}`], scheme);
      assert.equal((await ask(balancer, scheme, OTHER)).status, 403, scheme);
    }
    for (let attempt = 0; attempt < 100 && lines(product).length < 4; attempt++) await sleep(50);
    assert.deepEqual(lines(product), [
      `from ${OTHER} 403`,
      `from ${OTHER} 403`,
      `from ${ALLOWED} 200`,
      `from ${ALLOWED} 200`,
    ]);
  });
}

test('a HAProxy that is not trusted is the client itself', { skip, timeout: 60_000 }, async (t) => {
  const product = await startSite(t, '10.0.0.0/8');
  const balancer = await startHaproxy(t, product, 'v2');
  assert.equal((await ask(balancer, 'http', ALLOWED)).status, 403);
});

/** Of the access log, in alphabetical order: workers write apart. */
function lines(product: Product): readonly string[] {
  return product
    .output()
    .split('\n')
    .filter((line) => line.startsWith('from '))
    .toSorted();
}
