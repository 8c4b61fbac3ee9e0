import { globSync } from 'node:fs';
import { DEPLOY_FOLDER, type Cluster } from './cluster.ts';
import { freePorts, TsNginx } from './ts-nginx.ts';

/** Everything of deploy/ but the Deployment: account, rights, class and settings for a process of the test's own. */
export async function installWithoutDeployment({ kubectl }: Cluster): Promise<void> {
  const files = globSync('*.yaml', { cwd: DEPLOY_FOLDER })
    .filter((file) => !file.includes('deployment'))
    .sort();
  const args = files.flatMap((file) => ['-f', `${DEPLOY_FOLDER}/${file}`]);
  await kubectl(['apply', '--server-side', '--validate=strict', ...args]);
}

export interface RunOptions {
  readonly name?: string;
  /** Of our own cluster's network; one for each process that runs at a time. */
  readonly address?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What Node runs, in place of the launcher. */
  readonly program?: string;
  /** With its account mounted as a pod has it, where the cluster is our own. */
  readonly asPod?: true;
}

/** One ts-nginx process, with the rights that deploy/ gives it. */
export async function runTsNginx(cluster: Cluster, options: RunOptions = {}): Promise<TsNginx> {
  const { name = 'ts-nginx', address = '10.244.0.2', args = [], env = {} } = options;
  const isOwn = cluster.controlPlane !== undefined;
  return TsNginx.start({
    kubectl: cluster.kubectl,
    folder: cluster.folder,
    name,
    address: isOwn ? address : '127.0.0.1',
    ...(isOwn ? {} : { ports: await freePorts() }),
    args: ['serve', '--configmap=ts-nginx/ts-nginx', '--workers=2', ...args],
    env,
    ...(options.program === undefined ? {} : { program: options.program }),
    ...(options.asPod !== true || cluster.controlPlane === undefined
      ? {}
      : { asPod: cluster.controlPlane }),
  });
}
