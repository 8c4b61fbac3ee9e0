import type { Api } from './api.ts';

export interface NodeOptions {
  readonly name: string;
  /** Internal. */
  readonly address: string;
  readonly externalAddress?: string;
  readonly zone?: string;
}

/** A Node on which nothing runs by itself; pods that name it are run all the same. */
export async function createNode(api: Api, options: NodeOptions): Promise<void> {
  const { name, address, externalAddress, zone } = options;
  const labels = {
    'kubernetes.io/hostname': name,
    ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
  };
  await api.create('/api/v1/nodes', { metadata: { name, labels } });
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: {
      addresses: [
        { type: 'InternalIP', address },
        ...(externalAddress === undefined
          ? []
          : [{ type: 'ExternalIP', address: externalAddress }]),
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'StandIn', message: 'pods run here' }],
    },
  });
}

export async function setNodeReady(api: Api, name: string, isReady: boolean): Promise<void> {
  const status = isReady ? 'True' : 'False';
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: { conditions: [{ type: 'Ready', status, reason: 'Test', message: 'as it wants' }] },
  });
}
