/** Clients that others wrote, against the proxy over TLS: node:http2 (nghttp2), curl, nghttp and h2load where they are installed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy, type RunningProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';

const run = promisify(execFile);

/** The upstream answers with a digest of what it received, and as many bytes as the target says. */
async function startDigest(t: TestContext): Promise<RunningProxy> {
  const upstream = await startUpstream(t, (incoming, response) => {
    const hash = createHash('sha256');
    incoming.on('data', (chunk: Buffer) => hash.update(chunk));
    incoming.on('end', () => {
      response.setHeader('X-Digest', hash.digest('hex'));
      response.setHeader('X-Method', incoming.method ?? '');
      response.end('x'.repeat(Number(incoming.url?.slice(1))));
    });
  });
  return startProxy(t, {
    upstreams: [upstream.endpoint],
    certificates: [selfSignedCertificate('default', ['localhost'])],
    virtualHosts: [{ name: '', routes: [{ maxBodyBytes: 'none' }] }],
    settings: { client: { requestsPerConnection: 1_000_000 } },
  });
}

async function openSession(t: TestContext, proxy: RunningProxy): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${proxy.httpsPort}`, { rejectUnauthorized: false });
  t.after(() => {
    session.destroy();
  });
  await once(session, 'connect');
  return session;
}

interface Received {
  readonly status: number;
  readonly digest: string;
  readonly bytes: number;
}

async function receive(stream: ClientHttp2Stream): Promise<Received> {
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  let status = 0;
  let digest = '';
  let bytes = 0;
  stream.on('error', reject);
  stream.on('response', (fields) => {
    status = fields[':status'] ?? 0;
    digest = String(fields['x-digest']);
  });
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  stream.on('end', () => {
    resolve({ status, digest, bytes });
  });
  return promise;
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

test('node:http2: bodies of many sizes, at once, whole both ways', async (t) => {
  const proxy = await startDigest(t);
  const session = await openSession(t, proxy);
  const sizes = [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 131_072, 500_000];
  const wanted = sizes.flatMap((up) => sizes.map((down) => ({ up, down })));
  await Promise.all(
    wanted.map(async ({ up, down }) => {
      const body = randomBytes(up);
      const stream = session.request({ ':method': 'POST', ':path': `/${down}` });
      stream.end(body);
      const { status, digest, bytes } = await receive(stream);
      assert.deepEqual([status, digest, bytes], [200, digestOf(body), down]);
    }),
  );
});

test('node:http2: one connection carries more requests than streams at once', async (t) => {
  const proxy = await startDigest(t);
  const session = await openSession(t, proxy);
  const answers = Array.from({ length: 1_000 }, async (_, index) =>
    receive(session.request({ ':path': `/${index}` })),
  );
  for (const [index, { status, bytes }] of (await Promise.all(answers)).entries()) {
    assert.deepEqual([status, bytes], [200, index]);
  }
});

test('node:http2: streams that are cancelled harm no other', async (t) => {
  const proxy = await startDigest(t);
  const session = await openSession(t, proxy);
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const stream = session.request({ ':path': '/300000' });
      if (index % 2 === 0) {
        stream.once('data', () => {
          stream.close(constants.NGHTTP2_CANCEL);
        });
        await once(stream, 'close');
        return;
      }
      assert.equal((await receive(stream)).bytes, 300_000);
    }),
  );
});

test('node:http2: draining ends the session when the last answer is there', async (t) => {
  const proxy = await startDigest(t);
  const session = await openSession(t, proxy);
  const stream = session.request({ ':path': '/1000000' });
  await once(stream, 'response');
  const drained = proxy.dataPlane.drain();
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await Promise.all([once(stream, 'end'), once(session, 'close'), drained]);
  assert.equal(bytes, 1_000_000);
});

/** Skips, and says so, where a program is not installed. */
function toolTest(
  name: string,
  tool: string,
  body: (proxy: RunningProxy, url: string) => Promise<void>,
): void {
  test(`${tool}: ${name}`, async (t) => {
    try {
      await run(tool, ['--version']);
    } catch {
      t.skip(`${tool} is not installed`);
      return;
    }
    const proxy = await startDigest(t);
    await body(proxy, `https://127.0.0.1:${proxy.httpsPort}`);
  });
}

toolTest('GET, POST and HEAD over TLS', 'curl', async (_, url) => {
  const options = ['-sk', '--http2', '--max-time', '10', '-w', '%{http_version} %{http_code}'];
  const got = await run('curl', [...options, '-o', '/dev/null', `${url}/100000`]);
  assert.equal(got.stdout, '2 200');
  const posted = await run('curl', [...options, '-d', 'a'.repeat(100_000), `${url}/3`]);
  assert.equal(posted.stdout, 'xxx2 200');
  const head = await run('curl', [...options, '-I', '-o', '/dev/null', `${url}/100000`]);
  assert.equal(head.stdout, '2 200');
});

toolTest('prior knowledge in plaintext; Upgrade: h2c stays HTTP/1.1', 'curl', async (proxy) => {
  const url = `http://127.0.0.1:${proxy.httpPort}/3`;
  const options = ['-s', '--max-time', '10', '-w', '%{http_version} %{http_code}'];
  const known = await run('curl', [...options, '--http2-prior-knowledge', url]);
  assert.equal(known.stdout, 'xxx2 200');
  const upgraded = await run('curl', [...options, '--http2', url]);
  assert.equal(upgraded.stdout, 'xxx1.1 200');
});

toolTest('an upload with Expect: 100-continue', 'curl', async (_, url) => {
  const options = ['-sk', '--http2', '--max-time', '10', '-H', 'Expect: 100-continue'];
  const { stdout } = await run('curl', [...options, '-d', 'a'.repeat(120_000), `${url}/3`]);
  assert.equal(stdout, 'xxx');
});

toolTest('many requests on one connection', 'nghttp', async (_, url) => {
  const { stdout } = await run('nghttp', ['-nvs', '-m', '20', '--no-dep', `${url}/20000`]);
  assert.match(stdout, /:status: 200/);
});

toolTest(
  '4,000 requests, 8 connections, 32 streams each: all succeed',
  'h2load',
  async (_, url) => {
    const { stdout } = await run('h2load', ['-n4000', '-c8', '-m32', `${url}/1024`]);
    assert.match(stdout, /4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed/);
  },
);
