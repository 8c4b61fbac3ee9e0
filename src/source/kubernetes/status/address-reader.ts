import type { Finding } from '../../../model/finding.ts';
import { ApiError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import {
  addressesOfNode,
  addressesOfService,
  addressOf,
  sortAddresses,
  type Address,
} from './addresses.ts';
import { readControllerPods } from './controller-pods.ts';

/** Where the addresses of a status come from. Source: routing.md §14. */
export type PublishedAddresses =
  | { readonly kind: 'fixed'; readonly addresses: readonly string[] }
  /** `<namespace>/<name>` */
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'nodes'; readonly prefersInternal: boolean };

export interface AddressReaderOptions {
  readonly published: PublishedAddresses;
  /** Of our own pod. */
  readonly namespace: string;
  readonly pod: string;
}

export interface AddressReading {
  /** Empty: there are none (yet). */
  readonly addresses: readonly Address[];
  /** Why there are none. */
  readonly finding: Finding | undefined;
}

const found = (addresses: readonly Address[]): AddressReading => ({
  addresses: sortAddresses(addresses),
  finding: undefined,
});

/** Reads what the options name, now. Throws as `ObjectApi.get` does. */
export async function readAddresses(
  api: ObjectApi,
  options: AddressReaderOptions,
): Promise<AddressReading> {
  const { published } = options;
  switch (published.kind) {
    case 'fixed':
      return found(published.addresses.map(addressOf));
    case 'service':
      return readService(api, published.service);
    case 'nodes':
      return readNodes(api, options, published.prefersInternal);
  }
}

async function readService(api: ObjectApi, service: string): Promise<AddressReading> {
  const [namespace = '', name = ''] = service.split('/');
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(name)}`;
  const none = (why: string): AddressReading => ({
    addresses: [],
    finding: noAddress(`Service ${service}`, `It is named by --publish-service, but ${why}`),
  });
  try {
    const reading = found(addressesOfService(await api.get(path)));
    return reading.addresses.length > 0 ? reading : none('has no address yet');
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return none('it does not exist');
    throw error;
  }
}

async function readNodes(
  api: ObjectApi,
  { namespace, pod }: AddressReaderOptions,
  prefersInternal: boolean,
): Promise<AddressReading> {
  const pods = await readControllerPods(api, namespace, pod);
  const ready = (pods ?? []).filter(({ isReady, node }) => isReady && node !== '');
  const nodes = new Set(ready.map(({ node }) => node));
  const addresses: Address[] = [];
  for (const node of nodes) {
    const object = await api.get(`/api/v1/nodes/${encodeURIComponent(node)}`);
    addresses.push(...addressesOfNode(object, prefersInternal));
  }
  if (addresses.length > 0) return found(addresses);
  const why =
    pods === undefined
      ? 'This process is no pod of the cluster'
      : 'No ready pod of this controller runs on a Node that has an address';
  const finding = noAddress(`Pod ${namespace}/${pod}`, why);
  return { addresses: [], finding };
}

function noAddress(object: string, why: string): Finding {
  return {
    code: 'status-address-missing',
    object,
    field: undefined,
    message: `${why}: the status of Ingresses is not written. Give --publish-service or --publish-status-address.`,
  };
}
