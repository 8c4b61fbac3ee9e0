import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs kubectl; `input` (objects are written as JSON) goes to its stdin. Gives its stdout, throws with its stderr. */
export type Kubectl = (
  args: readonly string[],
  input?: string | readonly object[],
) => Promise<string>;

export interface KubectlOptions {
  readonly command: readonly [string, ...string[]];
  readonly kubeconfig: string;
  /** Of its own: discovery that another cluster at the same address left behind would mislead it. */
  readonly cacheFolder: string;
}

export function createKubectl({ command, kubeconfig, cacheFolder }: KubectlOptions): Kubectl {
  const [program, ...first] = command;
  return async (args, input) => {
    const child = spawn(program, [...first, '--cache-dir', cacheFolder, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    child.stdin.on('error', () => {}); // it may end before it has read everything; its exit code tells
    child.stdin.end(typeof input === 'object' ? toList(input) : input);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    if (child.exitCode === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  };
}

export async function createToken(
  kubectl: Kubectl,
  namespace: string,
  serviceAccount: string,
): Promise<string> {
  const args = ['-n', namespace, 'create', 'token', serviceAccount, '--duration', '1h'];
  return (await kubectl(args)).trim();
}

function toList(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
