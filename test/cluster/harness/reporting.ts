import { join } from 'node:path';
import { ingress } from './app.ts';
import type { Api } from './api.ts';
import type { TsNginx } from './ts-nginx.ts';

/** What the tests of statuses, events and leadership ask a cluster, and a process. */

export interface IngressObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export interface EventObject {
  readonly metadata: { readonly name: string };
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid?: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export function ingressesPath(namespace: string, name?: string): string {
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
  return name === undefined ? path : join(path, name);
}

/** The addresses in its status, as text. */
export function addressesIn({ status }: IngressObject): string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
}

export async function addressesOf(api: Api, namespace: string, name: string): Promise<string[]> {
  return addressesIn(await api.get<IngressObject>(ingressesPath(namespace, name)));
}

export async function eventsIn(api: Api, namespace: string): Promise<readonly EventObject[]> {
  const { items } = await api.get<{ items: readonly EventObject[] }>(
    `/api/v1/namespaces/${namespace}/events?limit=5000`,
  );
  return items.filter(({ involvedObject }) => involvedObject.kind === 'Ingress');
}

/** Many at once, twenty requests at a time: the API server is not what is measured. */
export async function createIngresses(
  api: Api,
  names: readonly string[],
  {
    namespace,
    service,
    annotations = {},
  }: {
    readonly namespace: string;
    readonly service: string;
    readonly annotations?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const left = [...names];
  const createSome = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const object = ingress({ name, namespace, host: `${name}.test`, service, annotations });
      await api.create(ingressesPath(namespace), object);
    }
  };
  await Promise.all(Array.from({ length: 20 }, createSome));
}

/** One series of `/metrics`; undefined: there is none of that name and these labels. */
export async function metric(tsNginx: TsNginx, series: RegExp): Promise<number | undefined> {
  const { body } = await tsNginx.admin('/metrics');
  const line = body.split('\n').find((text) => series.test(text));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

export async function isLeader(tsNginx: TsNginx): Promise<boolean> {
  return (await metric(tsNginx, /^nginx_ingress_controller_leader_election_status\{/)) === 1;
}
