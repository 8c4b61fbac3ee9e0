import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CertificateFiles } from '../../src/admission/certificate-files.ts';
import type { CertificatePair } from '../../src/admission/certificate-state.ts';
import { createLogger } from '../../src/observability/logger.ts';
import {
  issueWebhookCertificate,
  type IssuedCertificate,
} from '../../src/translate/webhook-certificate.ts';

/** As the kubelet does it: the files are links into a folder that is swapped whole. */
async function mount(folder: string, version: string, issued: IssuedCertificate): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, 'cert'), issued.certificate);
  await writeFile(join(folder, version, 'key'), issued.key);
  await symlink(version, join(folder, '..next'));
  await rename(join(folder, '..next'), join(folder, '..data'));
}

test('files that appear late, and change as a mounted Secret does, are served', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'webhook-'));
  t.after(() => rm(folder, { recursive: true }));
  const told: string[] = [];
  const files = new CertificateFiles(
    { certificate: join(folder, 'cert'), key: join(folder, 'key'), intervalMs: 5 },
    {
      log: createLogger({ level: 'silent' }),
      setFindings: (findings) => {
        told.push(findings.map(({ code, message }) => `${code}: ${message}`).join());
      },
    },
  );
  t.after(() => {
    files.stop();
  });
  const used: CertificatePair[] = [];
  let next = Promise.withResolvers<undefined>();
  files.start((pair) => {
    used.push(pair);
    next.resolve(undefined);
    return Promise.resolve();
  });
  const first = await issueWebhookCertificate(['127.0.0.1'], Date.now());
  const second = await issueWebhookCertificate(['127.0.0.1'], Date.now());
  await mount(folder, 'v1', first);
  await symlink('..data/cert', join(folder, 'cert'));
  await symlink('..data/key', join(folder, 'key'));
  await next.promise;
  next = Promise.withResolvers();
  await mount(folder, 'broken', { ...second, certificate: 'nonsense' });
  await mount(folder, 'v2', second);
  await next.promise;
  assert.match(told[0] ?? '', /^webhook-certificate-invalid: .*ENOENT.*does not listen/);
  assert.deepEqual(
    used.map(({ certificate }) => certificate),
    [first.certificate, second.certificate],
  );
});
