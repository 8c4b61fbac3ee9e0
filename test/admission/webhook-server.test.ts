import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { suite, test, type TestContext } from 'node:test';
import tls from 'node:tls';
import { text } from 'node:stream/consumers';
import { WebhookServer, type Outcome } from '../../src/admission/webhook-server.ts';
import type { AdmissionRequest } from '../../src/admission/review.ts';
import type { Verdict } from '../../src/admission/verdict.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { issueWebhookCertificate } from '../../src/translate/webhook-certificate.ts';

const issued = await issueWebhookCertificate(['127.0.0.1'], Date.now());

interface Started {
  readonly port: number;
  readonly server: WebhookServer;
  readonly outcomes: readonly Outcome[];
}

async function start(
  t: TestContext,
  validate: (request: AdmissionRequest) => Verdict | undefined = () => ALLOWED,
): Promise<Started> {
  const outcomes: Outcome[] = [];
  const log = createLogger({ level: 'silent' });
  const onOutcome = (outcome: Outcome): void => void outcomes.push(outcome);
  const deps = { validate, onOutcome, log };
  const server = await WebhookServer.listen({ host: '127.0.0.1', port: 0 }, issued, deps);
  t.after(() => server.close());
  return { port: server.port, server, outcomes };
}

const ALLOWED: Verdict = { refusals: [], warnings: [] };

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function post(port: number, body: string | Buffer, method = 'POST'): Promise<Answer> {
  const request = https.request({
    ...{ host: '127.0.0.1', port, method, path: '/networking/v1/ingresses', agent: false },
    ca: issued.authority,
    headers: { 'content-type': 'application/json' },
  });
  request.on('error', () => undefined); // a body that is refused may meet a closed connection
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

function review(request: object): string {
  const apiVersion = 'admission.k8s.io/v1';
  return JSON.stringify({
    apiVersion,
    kind: 'AdmissionReview',
    request: { uid: 'u1', ...request },
  });
}

suite('webhook server', () => {
  test('an allowed review, over the certificate that was made', async (t) => {
    const { port, outcomes } = await start(t, () => ({ refusals: [], warnings: ['hm'] }));
    const { status, body } = await post(port, review({ operation: 'CREATE' }));
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u1', allowed: true, warnings: ['hm'] },
    });
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ['allowed'],
    );
  });

  test('a refused one has status 400 and its sentences', async (t) => {
    const { port } = await start(t, () => ({ refusals: ['a', 'b'], warnings: [] }));
    const { status, body } = await post(port, review({}));
    assert.equal(status, 200);
    const { response } = JSON.parse(body) as { response: object };
    const reason = { code: 400, reason: 'BadRequest', message: 'a\nb' };
    assert.deepEqual(response, { uid: 'u1', allowed: false, status: reason });
  });

  for (const { name, body } of [
    { name: 'no JSON', body: '{' },
    { name: 'JSON that is no object', body: '[]' },
    { name: 'nothing', body: '' },
    { name: 'another kind', body: JSON.stringify({ kind: 'Ingress' }) },
    {
      name: 'an old version',
      body: JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1beta1' }),
    },
    { name: 'no uid', body: review({ uid: '' }) },
    { name: 'no UTF-8', body: Buffer.from([0x7b, 0xff, 0xfe]) },
  ]) {
    test(`malformed: ${name}`, async (t) => {
      const { port, outcomes } = await start(t);
      assert.equal((await post(port, body)).status, 400);
      assert.equal(outcomes[0]?.result, 'malformed');
    });
  }

  test('before everything is known it answers 503, so that failurePolicy decides', async (t) => {
    const { port } = await start(t, () => undefined);
    assert.equal((await post(port, review({}))).status, 503);
  });

  test('a check that fails answers 500, and the next one is answered', async (t) => {
    let checks = 0;
    const { port } = await start(t, () => {
      checks += 1;
      if (checks === 1) throw new Error('defect');
      return ALLOWED;
    });
    assert.equal((await post(port, review({}))).status, 500);
    assert.equal((await post(port, review({}))).status, 200);
  });

  test('other methods are refused', async (t) => {
    const { port } = await start(t);
    assert.equal((await post(port, '', 'GET')).status, 405);
  });

  test('3 MiB are read, and not a byte more', async (t) => {
    const { port } = await start(t);
    const most = 3 * 1024 * 1024;
    const short = review({ padding: '' });
    const full = review({ padding: 'x'.repeat(most - short.length) });
    assert.equal((await post(port, full)).status, 200);
    assert.equal((await post(port, `${full} `)).status, 413);
  });

  test('bodies that are sent and never ended are bounded in sum', async (t) => {
    const { port } = await start(t);
    const sockets: tls.TLSSocket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const answered = Promise.withResolvers<string>();
    for (let index = 0; index < 5; index++) {
      const socket = tls.connect({ host: '127.0.0.1', port, ca: issued.authority });
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        answered.resolve(chunk.toString());
      });
      await once(socket, 'secureConnect');
      socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3000001\r\n\r\n`);
      socket.write(Buffer.alloc(3_000_000, 0x20));
    }
    assert.match(await answered.promise, /^HTTP\/1\.1 503 /);
  });

  test('a new certificate is shown from the next handshake on', async (t) => {
    const { port, server } = await start(t);
    const other = await issueWebhookCertificate(['127.0.0.1'], Date.now());
    server.setCertificate(other);
    const socket = tls.connect({ host: '127.0.0.1', port, ca: other.authority });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
  });
});
