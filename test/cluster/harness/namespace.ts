import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIFELINE_FD = 3;

/** Where pods live. On `lo` the whole range is local at once: any address of it can be listened on. */
const POD_NETWORK = '10.244.0.1/16';
/** Where cluster IPs are. Nobody listens there but what a test starts in place of kube-proxy. */
const SERVICE_NETWORK = '10.96.0.1/16';

/** Throws with one line that says what this machine lacks. */
export async function requireNamespaces(): Promise<void> {
  for (const command of [
    ['ip', '-V'],
    ['unshare', '--version'],
    ['unshare', '-rn', 'true'],
  ] as const) {
    const [program, ...args] = command;
    await run(program, args).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : '';
      throw new Error(
        `needs Linux with \`${command.join(' ')}\` (util-linux, iproute2, user namespaces), or a cluster of yours in KUBECONFIG: ${reason ?? ''}`,
      );
    });
  }
}

/**
 * Runs a Node program in user, network and process namespaces of its own and gives its exit code. It is the first process
 * in there: when it ends, however it ends, the kernel ends everything that was started inside.
 */
export async function runInNamespace(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(
    'unshare',
    ['--map-root-user', '--net', '--pid', '--fork', '--kill-child', process.execPath, ...args],
    { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...process.env, ...env } },
  );
  // The terminal's Ctrl-C is for who is inside (a shell, the tests); to be ended from outside, the lifeline is cut.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.stdio[LIFELINE_FD]?.destroy());
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** To be called first thing inside: brings the network up, and ends this process when the one outside is gone. */
export async function settleInNamespace(): Promise<void> {
  watchLifeline();
  await run('ip', ['link', 'set', 'lo', 'up']);
  await run('ip', ['address', 'add', POD_NETWORK, 'dev', 'lo']);
  await run('ip', ['address', 'add', SERVICE_NETWORK, 'dev', 'lo']);
}

function watchLifeline(): void {
  const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
  lifeline.on('error', () => process.exit(1));
  lifeline.on('close', () => process.exit(1));
  lifeline.resume();
  lifeline.unref();
}
