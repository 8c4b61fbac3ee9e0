import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const KUBERNETES_VERSION = 'v1.36.3';
const OLDEST_GO = [1, 26] as const;
const MODULE = join(import.meta.dirname, '../control-plane');

/**
 * The binary that is etcd, kube-apiserver, kube-controller-manager and kubectl: built from our own Go module on the first
 * use (minutes), afterwards taken from the cache folder, which is named by version and by what the module consists of.
 */
export async function buildControlPlane(say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `control-plane-${KUBERNETES_VERSION}-${await moduleHash()}`);
  const binary = join(folder, 'control-plane');
  if (await exists(binary)) return binary;
  await requireGo();
  say(`building Kubernetes ${KUBERNETES_VERSION} once into ${folder}: 5 minutes or more`);
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `unfinished-${process.pid}`);
  const versions = { gitVersion: KUBERNETES_VERSION, gitMajor: '1', gitMinor: '36' };
  const flags = Object.entries(versions).map(
    ([k, v]) => `-X k8s.io/component-base/version.${k}=${v}`,
  );
  await run(
    'nice',
    ['go', 'build', '-trimpath', '-ldflags', `-s -w ${flags.join(' ')}`, '-o', unfinished, '.'],
    { cwd: MODULE, env: { ...process.env, CGO_ENABLED: '0' }, maxBuffer: 64 * 1024 * 1024 },
  );
  await rename(unfinished, binary); // a second run at the same time never sees half of it
  return binary;
}

/** Throws with one line that says what to install. */
async function requireGo(): Promise<void> {
  const { stdout } = await run('go', ['env', 'GOVERSION'], { cwd: '/' }).catch(() => ({
    stdout: '',
  }));
  const [, major = 0, minor = 0] = /^go(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
  const isEnough = major > OLDEST_GO[0] || (major === OLDEST_GO[0] && minor >= OLDEST_GO[1]);
  if (isEnough) return;
  throw new Error(
    `needs Go ${OLDEST_GO.join('.')} or newer to build Kubernetes (found: ${stdout.trim() || 'none'}), or a cluster of yours in KUBECONFIG`,
  );
}

function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'ts-nginx');
}

async function moduleHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go'])
    hash.update(await readFile(join(MODULE, name)));
  return hash.digest('hex').slice(0, 12);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
