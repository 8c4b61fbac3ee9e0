import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_SERVER_PORT } from './control-plane.ts';

/** Where a pod finds its ServiceAccount's token; `/var/run` is `/run`. */
const ACCOUNT_FOLDER = '/run/secrets/kubernetes.io/serviceaccount';
/** Gives the program that follows a `/run` of its own, which holds the files of the folder before it. */
const MOUNT_AND_RUN = `mount -t tmpfs tmpfs /run && mkdir -p ${ACCOUNT_FOLDER} && cp "$1"/* ${ACCOUNT_FOLDER} && shift && exec "$@"`;

export interface AccountOptions {
  /** Where its files are kept; made here. */
  readonly folder: string;
  readonly namespace: string;
  readonly token: string;
  /** What the API server's certificate is checked against. */
  readonly certificateFile: string;
}

/** A ServiceAccount as the kubelet mounts it. */
export interface MountedAccount {
  /** The command that runs another with the account in its place. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export async function mountAccount(options: AccountOptions): Promise<MountedAccount> {
  const { folder, namespace, token, certificateFile } = options;
  await mkdir(folder);
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'namespace'), namespace);
  await copyFile(certificateFile, join(folder, 'ca.crt'));
  return {
    command: ['unshare', '--mount', 'sh', '-c', MOUNT_AND_RUN, 'sh', folder],
    env: {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(API_SERVER_PORT),
    },
  };
}
