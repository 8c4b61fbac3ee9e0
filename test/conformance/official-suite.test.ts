import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ownControlPlane, startCluster } from '../cluster/harness/cluster.ts';
import { CLASS, Site } from './site.ts';

const run = promisify(execFile);
const BINARY = process.env['INGRESS_CONFORMANCE_BIN'];
const FOLDER = process.env['INGRESS_CONFORMANCE_DIR'];
const LONGEST_MS = 15 * 60_000;
const FLAGS = [
  `--ingress-class=${CLASS}`,
  '--no-colors',
  // One of its scenarios waits for as long as this for an address that must not come.
  '--wait-time-for-ingress-status=30s',
  '--wait-time-for-ready=60s',
  '--test.timeout=14m',
];

/** kubernetes-sigs/ingress-controller-conformance, unmodified: its test binary, run in its folder, which holds its features. */
test('the official suite passes', { timeout: LONGEST_MS }, async (t) => {
  if (BINARY === undefined || FOLDER === undefined) {
    t.skip('set INGRESS_CONFORMANCE_BIN and INGRESS_CONFORMANCE_DIR to run the official suite');
    return;
  }
  const cluster = await startCluster();
  t.after(() => cluster.stop());
  if (ownControlPlane(t, cluster) === undefined) return;
  const site = await Site.start(cluster);
  t.after(() => site.stop());
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  const options = { cwd: FOLDER, env, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run(resolve(BINARY), FLAGS, options).catch((error: unknown) => {
    const { stdout: output = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    assert.fail(`it failed:\n${output}${stderr}`);
  });
  t.diagnostic(stdout);
});
