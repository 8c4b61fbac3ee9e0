import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodAccount, serverOfPod } from './pod-account.ts';

for (const { env, want } of [
  {
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    want: 'https://10.96.0.1:443',
  },
  {
    env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
    want: 'https://[fd00::1]:6443',
  },
  { env: { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, want: undefined },
  { env: {}, want: undefined },
]) {
  test(`the API server of a pod with ${JSON.stringify(env)}`, () => {
    assert.equal(serverOfPod(env), want);
  });
}

test('the files of an account are read again each minute, and when asked for', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ts-nginx-account-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  let now = 0;
  const account = new PodAccount(folder, () => now);
  assert.equal(account.exists(), false);
  assert.throws(() => account.files(), /ENOENT/);
  writeFileSync(join(folder, 'ca.crt'), 'ca');
  const write = (token: string): void => {
    writeFileSync(join(folder, 'token'), `${token}\n`);
  };

  write('one');
  assert.equal(account.exists(), true);
  assert.deepEqual(account.files(), { token: 'one', ca: 'ca' });
  write('two');
  now = 59_999;
  assert.equal(account.files().token, 'one');
  now = 60_000;
  assert.equal(account.files().token, 'two');
  write('three');
  account.forget();
  assert.equal(account.files().token, 'three');
});
