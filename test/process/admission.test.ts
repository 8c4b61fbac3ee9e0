import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { issueWebhookCertificate } from '../../src/translate/webhook-certificate.ts';
import { Child } from './child.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const issued = await issueWebhookCertificate(['127.0.0.1'], Date.now());

const MANIFESTS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: old, namespace: shop }
spec:
  rules:
    - host: shop.test
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
`;

interface Running {
  readonly child: Child;
  readonly webhookPort: number;
  readonly adminPort: number;
}

async function start(t: TestContext): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'admission-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'all.yaml'), MANIFESTS);
  await writeFile(join(folder, 'cert'), issued.certificate);
  await writeFile(join(folder, 'key'), issued.key);
  const child = new Child(
    t,
    process.execPath,
    [
      ...[main, 'serve', `--manifests=${folder}`, '--watch-ingress-without-class', '--workers=0'],
      ...['--bind=127.0.0.1', '--http-port=0', '--https-port=0', '--healthz-port=0'],
      `--validating-webhook-certificate=${join(folder, 'cert')}`,
      `--validating-webhook-key=${join(folder, 'key')}`,
      '--validating-webhook=:0',
    ],
    {},
  );
  const [, port] = await child.printed(/"address":"127\.0\.0\.1:(\d+)"/, 'stderr');
  const [, admin] = await child.printed(/"adminPort":(\d+)/, 'stderr');
  return { child, webhookPort: Number(port), adminPort: Number(admin) };
}

async function review(port: number, name: string): Promise<unknown> {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const paths = [{ path: '/', pathType: 'Prefix', backend }];
  const request = https.request({
    ...{ host: '127.0.0.1', port, method: 'POST', path: '/', agent: false },
    ca: issued.authority,
  });
  const object = {
    metadata: { name, namespace: 'shop' },
    spec: { rules: [{ host: 'shop.test', http: { paths } }] },
  };
  const resource = { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' };
  request.end(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u1', operation: 'CREATE', resource, name, namespace: 'shop', object },
    }),
  );
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return JSON.parse(await text(response));
}

test('the webhook beside a running proxy: a verdict by its objects, counted, gone after SIGTERM', async (t) => {
  const { child, webhookPort, adminPort } = await start(t);
  assert.deepEqual(await review(webhookPort, 'young'), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u1',
      allowed: false,
      status: {
        code: 400,
        reason: 'BadRequest',
        message:
          'spec.rules[0].http.paths[0]: The Ingress shop/old, which goes before, has the path / of the host shop.test: this one gets no requests. Remove one of the two.',
      },
    },
  });
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  assert.match(metrics, /^ts_nginx_admission_requests_total\{result="refused",.*\} 1$/m);
  assert.match(
    metrics,
    /^nginx_ingress_controller_check_errors\{namespace="shop",ingress="young",.*\} 1$/m,
  );
  assert.match(metrics, /^nginx_ingress_controller_admission_tested_ingresses\{.*\} 1$/m);
  child.kill('SIGTERM');
  await child.printed(/"stopped"/, 'stderr');
  await assert.rejects(review(webhookPort, 'young'), { code: 'ECONNREFUSED' });
});
