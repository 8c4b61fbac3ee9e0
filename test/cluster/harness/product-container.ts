import { join } from 'node:path';
import { mountAccount } from './account.ts';
import { Child } from './child.ts';
import type { StartContainer } from './container.ts';
import { createToken, type Kubectl } from './kubectl.ts';
import { environmentOf } from './pod.ts';
import { LAUNCHER } from './ts-nginx.ts';

export interface ProductDeps {
  readonly kubectl: Kubectl;
  readonly folder: string;
  /** What the API server's certificate is checked against. */
  readonly certificateFile: string;
}

/**
 * Runs the product where the stand-in kubelet meets its image, as it runs in a pod: with the manifest's arguments and
 * environment, and the account mounted. Only the addresses are added: here pods share one network.
 */
export function productContainer({
  kubectl,
  folder,
  certificateFile,
}: ProductDeps): StartContainer {
  return async (container, pod, address) => {
    const { name, namespace } = pod.metadata;
    const account = await mountAccount({
      folder: join(folder, `${name}-account`),
      namespace,
      token: await createToken(kubectl, namespace, pod.spec.serviceAccountName ?? 'default'),
      certificateFile,
    });
    const env = environmentOf(container, pod, address);
    const args = (container.args ?? []).map((arg) =>
      arg.replace(/\$\((\w+)\)/g, (reference, variable: string) => env[variable] ?? reference),
    );
    const program = [process.execPath, LAUNCHER, ...args];
    const child = new Child({
      name,
      command: [...account.command, ...program, `--bind=${address}`, `--healthz-host=${address}`],
      env: { ...env, ...account.env },
      logFile: join(folder, `${name}.log`),
    });
    return { stop: (graceMs) => child.stop(graceMs) };
  };
}
