import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import { join } from 'node:path';
import { Api } from './api.ts';
import { TEST_LABEL } from './app.ts';
import { ControlPlane } from './control-plane.ts';
import { createKubectl, type Kubectl } from './kubectl.ts';
import { Kubelet } from './kubelet.ts';
import { productContainer } from './product-container.ts';

/** Set by run.ts inside the namespace: the binary to start a cluster from. */
export const BINARY_VARIABLE = 'TS_NGINX_CONTROL_PLANE';

/** A cluster to test against: one of our own, or the one that `KUBECONFIG` names. */
export interface Cluster {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly api: Api;
  /** For files of the tests; removed at the end. */
  readonly folder: string;
  /** Undefined: the cluster is not ours to stop, break and audit. */
  readonly controlPlane: ControlPlane | undefined;
  /** Server-side, with strict field validation. */
  apply(...objects: readonly object[]): Promise<void>;
  untilRolledOut(deployment: string, namespace: string): Promise<void>;
  stop(): Promise<void>;
}

/** The manifests that we ship. */
export const DEPLOY_FOLDER = join(import.meta.dirname, '../../../deploy/kustomize/base');

/** The control plane, for a test that stops, breaks or audits it; undefined: it is not ours, and the test is skipped. */
export function ownControlPlane(t: TestContext, cluster: Cluster): ControlPlane | undefined {
  if (cluster.controlPlane === undefined) t.skip('needs a control plane of its own');
  return cluster.controlPlane;
}

export async function startCluster(): Promise<Cluster> {
  const binary = process.env[BINARY_VARIABLE];
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-cluster-'));
  if (binary !== undefined) return startOwnCluster(binary, folder);
  const kubeconfig = process.env['KUBECONFIG'];
  if (kubeconfig === undefined) {
    throw new Error('run this by `npm run test:cluster`, or set KUBECONFIG');
  }
  const kubectl = createKubectl({
    command: ['kubectl'],
    kubeconfig,
    cacheFolder: join(folder, 'kubectl'),
  });
  return {
    kubeconfig,
    kubectl,
    api: await Api.fromKubeconfig(kubeconfig),
    folder,
    controlPlane: undefined,
    ...conveniences(kubectl),
    stop: async () => {
      await kubectl(['delete', 'namespace', '--selector', TEST_LABEL]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startOwnCluster(binary: string, folder: string): Promise<Cluster> {
  const controlPlane = await ControlPlane.start(binary, folder);
  const { kubeconfig } = controlPlane;
  const api = await Api.fromKubeconfig(kubeconfig);
  const kubectl = createKubectl({
    command: [binary, 'kubectl'],
    kubeconfig,
    cacheFolder: join(folder, 'kubectl'),
  });
  const images = {
    'ts-nginx': productContainer({
      kubectl,
      folder,
      certificateFile: controlPlane.certificateFile,
    }),
  };
  const kubelet = await Kubelet.start({ api, images });
  return {
    kubeconfig,
    kubectl,
    api,
    folder,
    controlPlane,
    ...conveniences(kubectl),
    stop: async () => {
      await kubelet.stop();
      await controlPlane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function conveniences(kubectl: Kubectl): Pick<Cluster, 'apply' | 'untilRolledOut'> {
  return {
    apply: async (...objects) => {
      await kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], objects);
    },
    untilRolledOut: async (deployment, namespace) => {
      const target = ['-n', namespace, `deployment/${deployment}`];
      await kubectl(['rollout', 'status', ...target, '--timeout=60s']);
    },
  };
}
