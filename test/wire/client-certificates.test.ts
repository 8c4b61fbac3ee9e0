/** Client certificates from manifests to the wire, as curl and openssl see them. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { makeFolder } from '../manifests/fixture.ts';
import { run } from '../process/child.ts';
import { sampleAuthority } from '../unit/sample-authority.ts';
import { connectOpenssl } from './harness/openssl.ts';
import { startProduct } from './harness/product.ts';

const authority = sampleAuthority('clients of the shop');
const stranger = sampleAuthority('strangers');
const certificates = {
  good: authority.issue('good'),
  revoked: authority.issue('revoked'),
  foreign: stranger.issue('foreign'),
};

const clients = (data: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'clients', namespace: 'wire' },
    stringData: data,
  });

const ingress = (name: string, annotations: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'wire',
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [
          `nginx.ingress.kubernetes.io/${key}`,
          value,
        ]),
      ),
    },
    spec: {
      ingressClassName: 'ts-nginx',
      rules: [
        {
          host: `${name}.test`,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'web', port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  });

async function start(t: TestContext) {
  const upstream = await startUpstream(t, (request, response) => {
    const { 'ssl-client-verify': verdict = '', 'ssl-client-subject-dn': subject = '' } =
      request.headers;
    response.end(`${String(verdict)} ${String(subject)}`);
  });
  const folder = await makeFolder(t);
  for (const [name, { chain, key }] of Object.entries(certificates)) {
    await writeFile(join(folder, `${name}.pem`), chain + key.reveal());
  }
  const product = await startProduct(t, {
    endpoints: [upstream.port],
    flags: ['--workers=2'],
    files: {
      'clients.yaml': clients({ 'ca.crt': authority.ca }),
      'guarded.yaml': ingress('guarded', { 'auth-tls-secret': 'wire/clients' }),
      'open.yaml': ingress('open', {}),
    },
  });
  /** Status and body. */
  const curl = async (
    shown: keyof typeof certificates | undefined,
    args: readonly string[] = [],
    url = 'https://guarded.test/',
  ): Promise<string> => {
    const certificate = shown === undefined ? [] : ['--cert', join(folder, `${shown}.pem`)];
    const format = ['-sSk', '-w', '\n%{http_code}'];
    const at = ['--connect-to', `::127.0.0.1:${product.httpsPort}`];
    const all = [...format, ...at, ...certificate, ...args, url];
    const { stdout, stderr } = await run(t, 'curl', all);
    const lines = `${stdout}${stderr}`.trim().split('\n');
    return `${lines.at(-1) ?? ''} ${lines[0] ?? ''}`.trim();
  };
  const until = async (
    want: RegExp,
    shown: keyof typeof certificates | undefined,
  ): Promise<void> => {
    let answer = '';
    for (let tries = 0; tries < 100; tries += 1) {
      answer = await curl(shown);
      if (want.test(answer)) return;
    }
    assert.match(answer, want);
  };
  return { product, curl, until, folder };
}

test('curl gets in with the right certificate, whatever it speaks', async (t) => {
  const { product, curl } = await start(t);
  for (const http of ['--http1.1', '--http2']) {
    for (const tls of ['--tls-max=1.2', '--tlsv1.3'].map((flag) => flag.split('='))) {
      assert.equal(await curl('good', [http, ...tls]), '200 SUCCESS CN=good');
      assert.match(await curl(undefined, [http, ...tls]), /^400 /);
      assert.match(await curl('foreign', [http, ...tls]), /^400 /);
    }
  }
  const around = ['-H', 'Host: guarded.test'];
  assert.match(await curl('good', around, 'https://open.test/'), /^421 /);
  const plain = `http://127.0.0.1:${product.httpPort}/`;
  const { stdout } = await run(t, 'curl', ['-sS', '-H', 'Host: guarded.test', plain]);
  assert.match(stdout, /403 Forbidden/);
});

test('openssl is asked for a certificate of the CA by that host alone', async (t) => {
  const { product, folder } = await start(t);
  await writeFile(join(folder, 'root.crt'), authority.ca);
  for (const version of ['-tls1_2', '-tls1_3']) {
    const say = (name: string) =>
      connectOpenssl(product.httpsPort, [version, '-servername', name], folder);
    assert.match(
      await say('guarded.test'),
      /Acceptable client certificate CA names\n.*clients of the shop/,
    );
    assert.match(await say('open.test'), /No client certificate CA names sent/);
    assert.match(await say('nobody.test'), /No client certificate CA names sent/);
  }
});

test('CAs and lists are live as soon as the Secret has them, and without them nobody gets in', async (t) => {
  const { product, until } = await start(t);
  await until(/^200/, 'good');
  await until(/^200/, 'revoked');
  const crl = authority.revoke(certificates.revoked);
  await product.write('clients.yaml', clients({ 'ca.crt': authority.ca, 'ca.crl': crl }));
  await until(/^400/, 'revoked');
  await until(/^200/, 'good');
  await product.write('clients.yaml', clients({ 'ca.crt': stranger.ca }));
  await until(/^400/, 'good');
  await until(/^200/, 'foreign');
  for (const broken of [clients({ 'tls.crt': stranger.ca }), '# nothing\n']) {
    await product.write('clients.yaml', broken);
    await until(/^403/, 'foreign');
    await until(/^403/, undefined);
    await product.write('clients.yaml', clients({ 'ca.crt': authority.ca }));
    await until(/^200/, 'good');
  }
});
