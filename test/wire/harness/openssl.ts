/** Certificates made by the openssl command, and handshakes as its client has them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface Pair {
  /** PEM: the leaf, then the intermediate. */
  readonly chain: string;
  readonly key: string;
  /** DER, base64: a good OCSP response for the leaf, for ten days. */
  readonly ocsp: string;
}

export interface Authority {
  /** Holds `root.crt`, and is removed after the test. */
  readonly folder: string;
  /** One at a time. */
  issue(host: string, key: 'ecdsa' | 'rsa'): Promise<Pair>;
}

const KEYS = {
  ecdsa: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
} as const;

/** A root, and an intermediate that signs. */
export async function createAuthority(t: TestContext): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-authority-'));
  t.after(() => rm(folder, { recursive: true }));
  const openssl = (...args: readonly string[]): Promise<string> => run('openssl', args, folder);
  await openssl('genpkey', ...KEYS.ecdsa, '-out', 'root.key');
  await openssl('genpkey', ...KEYS.ecdsa, '-out', 'ca.key');
  await openssl(
    ...'req -x509 -new -key root.key -subj /CN=root -days 300 -out root.crt'.split(' '),
  );
  await openssl(...'req -new -key ca.key -subj /CN=intermediate -out ca.csr'.split(' '));
  await writeFile(join(folder, 'ca.ext'), 'basicConstraints=critical,CA:TRUE\n');
  const signed = '-days 300 -CAcreateserial';
  const byRoot = `x509 -req -in ca.csr -CA root.crt -CAkey root.key -extfile ca.ext -out ca.crt`;
  await openssl(...`${byRoot} ${signed}`.split(' '));
  let serial = 0;
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return {
    folder,
    async issue(host, key) {
      serial += 1;
      const name = `leaf-${serial}`;
      await openssl('genpkey', ...KEYS[key], '-out', `${name}.key`);
      await openssl(
        'req',
        '-new',
        '-key',
        `${name}.key`,
        '-subj',
        `/CN=${key}-${serial}`,
        '-out',
        `${name}.csr`,
      );
      await writeFile(
        join(folder, `${name}.ext`),
        `subjectAltName=DNS:${host}\ncrlDistributionPoints=URI:http://ca.test/crl\n`,
      );
      const byCa = `x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -extfile ${name}.ext -out ${name}.crt`;
      await openssl(...`${byCa} ${signed}`.split(' '));
      const number = (await openssl('x509', '-in', `${name}.crt`, '-noout', '-serial'))
        .trim()
        .split('=')[1];
      await writeFile(
        join(folder, 'index.txt'),
        `V\t360101000000Z\t\t${number ?? ''}\tunknown\t/CN=x\n`,
      );
      await openssl(...`ocsp -issuer ca.crt -cert ${name}.crt -reqout request.der`.split(' '));
      const answering = 'ocsp -index index.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -ndays 10';
      await openssl(...`${answering} -reqin request.der -respout response.der`.split(' '));
      return {
        chain: `${await read(`${name}.crt`)}${await read('ca.crt')}`,
        key: await read(`${name}.key`),
        ocsp: (await readFile(join(folder, 'response.der'))).toString('base64'),
      };
    },
  };
}

/** What `openssl s_client` prints, whatever its exit code says. It asks for the health page once. */
export function connectOpenssl(
  port: number,
  args: readonly string[],
  folder: string,
): Promise<string> {
  const common = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', 'root.crt', '-ign_eof'];
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 10_000 };
    const child = execFile('openssl', [...common, ...args], options, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
    child.stdin?.on('error', () => undefined); // the handshake failed
    child.stdin?.end('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  });
}

function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, timeout: 20_000 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args[0] ?? ''} failed`, { cause: error }));
    });
  });
}
