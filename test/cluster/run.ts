import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildControlPlane } from './harness/build.ts';
import { BINARY_VARIABLE } from './harness/cluster.ts';
import { HELM_VARIABLE, installHelm } from './harness/helm.ts';
import { requireNamespaces, runInNamespace, settleInNamespace } from './harness/namespace.ts';
import { openShell } from './harness/shell.ts';

/**
 * `node test/cluster/run.ts [--scale | --conformance] [--shell | NAME…]`: runs the tests against a real Kubernetes, all or
 * those whose file names contain NAME; with `--scale` or `--conformance` those of `test/scale`, `test/conformance`. `--shell`
 * opens a shell beside a running cluster instead. README.md beside this file tells the rest.
 */
async function main(args: readonly string[]): Promise<number> {
  if (process.env[BINARY_VARIABLE] !== undefined) {
    await settleInNamespace();
    return runInside(args);
  }
  const kubeconfig = process.env['KUBECONFIG'];
  try {
    const isShell = args.includes('--shell');
    if (!isShell && testFiles(args).some((file) => file.startsWith('chart'))) {
      process.env[HELM_VARIABLE] = await installHelm(console.error);
    }
    if (kubeconfig !== undefined) {
      console.error(`testing against, and changing, the cluster of KUBECONFIG=${kubeconfig}`);
      return await runTests(args);
    }
    await requireNamespaces();
    const binary = await buildControlPlane(console.error);
    return await runInsideNamespace(args, binary);
  } catch (error) {
    console.error(`test:cluster: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** What a test leaves behind when it crashes is in a folder that goes in the end. */
async function runInsideNamespace(args: readonly string[], binary: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-'));
  try {
    const env = { [BINARY_VARIABLE]: binary, TMPDIR: folder };
    return await runInNamespace([import.meta.filename, ...args], env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runInside(args: readonly string[]): Promise<number> {
  return args.includes('--shell') ? openShell() : runTests(args);
}

/** One file after another: each has a cluster to itself. */
async function runTests(args: readonly string[]): Promise<number> {
  const files = testFiles(args).map((file) => join(testFolder(args), file));
  const runner = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], {
    stdio: 'inherit',
  });
  const [code] = (await once(runner, 'exit')) as [number | null];
  return code ?? 1;
}

function testFolder(args: readonly string[]): string {
  const other = ['scale', 'conformance'].find((name) => args.includes(`--${name}`));
  return join(import.meta.dirname, '..', other ?? 'cluster');
}

function testFiles(args: readonly string[]): string[] {
  const names = args.filter((arg) => !arg.startsWith('--'));
  return globSync('*.test.ts', { cwd: testFolder(args) })
    .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
    .sort();
}

process.exit(await main(process.argv.slice(2)));
