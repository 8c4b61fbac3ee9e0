/** sslscan and testssl.sh look for what they know to be weak, each with its default settings and ours. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { skipWithout } from './harness/installed.ts';
import { createAuthority } from './harness/openssl.ts';
import { startProduct } from './harness/product.ts';
import { tlsIngress, tlsSecret } from './harness/tls-site.ts';

const HOST = 'localhost';

interface Site {
  readonly target: string;
  readonly folder: string;
}

/** A host with an ECDSA and an RSA certificate, as clients outside see it. */
async function startSite(t: TestContext): Promise<Site> {
  const authority = await createAuthority(t);
  const ecdsa = await authority.issue(HOST, 'ecdsa');
  const rsa = await authority.issue(HOST, 'rsa');
  const { endpoint } = await startUpstream(t, (_request, response) => response.end('hello'));
  const product = await startProduct(t, {
    endpoints: [endpoint.port],
    files: {
      'host.yaml': tlsIngress(HOST, ['ecdsa', 'rsa']),
      'ecdsa.yaml': tlsSecret('ecdsa', ecdsa),
      'rsa.yaml': tlsSecret('rsa', rsa),
    },
  });
  return { target: `${HOST}:${product.httpsPort}`, folder: authority.folder };
}

/** Resolves with what it prints, whatever its exit code says. */
function run(command: string, args: readonly string[], cwd: string, timeout: number) {
  return new Promise<string>((resolve) => {
    const options = { cwd, timeout, maxBuffer: 16_777_216 };
    const child = execFile(command, args, options, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
    child.stdin?.end();
  });
}

test('sslscan', { skip: skipWithout('openssl', 'sslscan'), timeout: 120_000 }, async (t) => {
  const { target, folder } = await startSite(t);
  const xml = await run('sslscan', ['--no-colour', '--ipv4', '--xml=-', target], folder, 100_000);
  const enabled = [...xml.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
  assert.deepEqual(
    enabled.map(([, type = '', version = '']) => `${type} ${version}`),
    ['tls 1.2', 'tls 1.3'],
  );
  const ciphers = [...xml.matchAll(/<cipher [^>]*cipher="([^"]+)"/g)].map(([, name = '']) => name);
  assert.ok(ciphers.length >= 6, xml);
  for (const name of ciphers) assert.match(name, /GCM|CHACHA20/);
  assert.match(xml, /<heartbleed sslversion="TLSv1.2" vulnerable="0"/);
  assert.doesNotMatch(
    xml,
    /vulnerable="1"|<compression supported="1"|<renegotiation supported="1" secure="0"/,
  );
  assert.doesNotMatch(xml, /strength="(null|anonymous|weak|medium)"/);
});

/** Versions, kinds of ciphers, what the server shows, and every vulnerability that it knows. */
const CHECKS = ['-p', '-s', '-S', '-U'];
/** What it could not do: have another OpenSSL, and be gone and wait for a ticket at the same time. */
const OWN_REMARKS = new Set(['engine_problem', 'sessionresumption_ticket']);

interface TestsslFinding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

test('testssl.sh', { skip: skipWithout('openssl', 'testssl'), timeout: 400_000 }, async (t) => {
  const { target, folder } = await startSite(t);
  const options = [
    '--quiet',
    '--color',
    '0',
    '--warnings',
    'off',
    '--nodns',
    'none',
    '--ip',
    '127.0.0.1',
  ];
  const limits = ['--connect-timeout', '10', '--openssl-timeout', '10', '--add-ca', 'root.crt'];
  const args = [...options, ...limits, ...CHECKS, '--jsonfile', 'report.json', target];
  const printed = await run('testssl', args, folder, 380_000);
  const report = await readFile(join(folder, 'report.json'), 'utf8').catch(() => '[]');
  const findings = JSON.parse(report) as readonly TestsslFinding[];
  const byId = new Map(findings.map((each) => [each.id, each]));
  for (const id of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1']) {
    assert.match(byId.get(id)?.finding ?? printed, /not offered/, id);
  }
  for (const id of ['TLS1_2', 'TLS1_3']) assert.match(byId.get(id)?.finding ?? '', /offered/, id);
  assert.match(byId.get('ticketbleed')?.finding ?? '', /no session ticket extension/);
  const vulnerabilities = ['heartbleed', 'CCS', 'ROBOT', 'CRIME_TLS', 'POODLE_SSL'];
  for (const id of [...vulnerabilities, 'SWEET32', 'FREAK', 'DROWN', 'LOGJAM', 'LUCKY13', 'RC4']) {
    assert.match(byId.get(id)?.finding ?? '', /^not vulnerable/, id);
  }
  const bad = findings.filter(
    ({ id, severity, finding }) =>
      (!OWN_REMARKS.has(id) && /^(WARN|MEDIUM|HIGH|CRITICAL|FATAL)$/.test(severity)) ||
      /(?<!not |potentially not )\bVULNERABLE/i.test(finding),
  );
  assert.deepEqual(bad, []);
});
