import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { StartContainer } from './container.ts';
import { API_SERVER_PORT } from './control-plane.ts';
import { createToken, type Kubectl } from './kubectl.ts';
import { environmentOf } from './pod.ts';
import { LAUNCHER } from './ts-nginx.ts';

/** Where a pod finds its ServiceAccount's token; `/var/run` is `/run`. */
const ACCOUNT_FOLDER = '/run/secrets/kubernetes.io/serviceaccount';
/** Gives the program that follows a `/run` of its own, which holds the files of the folder before it. */
const MOUNT_AND_RUN = `mount -t tmpfs tmpfs /run && mkdir -p ${ACCOUNT_FOLDER} && cp "$1"/* ${ACCOUNT_FOLDER} && shift && exec "$@"`;

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
    const account = join(folder, `${name}-account`);
    await mkdir(account);
    const token = await createToken(kubectl, namespace, pod.spec.serviceAccountName ?? 'default');
    await writeFile(join(account, 'token'), token);
    await writeFile(join(account, 'namespace'), namespace);
    await copyFile(certificateFile, join(account, 'ca.crt'));

    const env = environmentOf(container, pod, address);
    const args = (container.args ?? []).map((arg) =>
      arg.replace(/\$\((\w+)\)/g, (reference, variable: string) => env[variable] ?? reference),
    );
    const program = [process.execPath, LAUNCHER, ...args];
    const child = new Child({
      name,
      command: [
        'unshare',
        ...['--mount', 'sh', '-c', MOUNT_AND_RUN, 'sh', account],
        ...program,
        ...[`--bind=${address}`, `--healthz-host=${address}`],
      ],
      env: {
        ...env,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(API_SERVER_PORT),
      },
      logFile: join(folder, `${name}.log`),
    });
    return { stop: (graceMs) => child.stop(graceMs) };
  };
}
