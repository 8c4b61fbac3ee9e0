import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Api } from './api.ts';

export interface PortalOptions {
  readonly api: Api;
  /** Where it listens: a Node's address and port, a cluster IP, a load balancer's. */
  readonly address: string;
  readonly port: number;
  readonly namespace: string;
  readonly service: string;
  /** Pass connections on to endpoints of this Node alone, as kube-proxy does for `Local`. */
  readonly onlyNode?: string;
}

interface Slice {
  readonly ports: readonly { readonly port: number }[] | null;
  readonly endpoints:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions: { readonly ready?: boolean };
        readonly nodeName?: string;
      }[]
    | null;
}

/** Stands in for kube-proxy, or a load balancer: one TCP port that leads to the ready endpoints of a Service. */
export class ServicePortal {
  /** Connections so far, and those that are open. */
  accepted = 0;
  readonly #open = new Set<Socket>();
  readonly #options: PortalOptions;
  readonly #server: Server;

  private constructor(options: PortalOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.accepted += 1;
      this.#open.add(socket);
      socket.on('error', () => {}); // 'close' follows
      socket.once('close', () => this.#open.delete(socket));
      this.#passOn(socket).catch(() => socket.destroy());
    });
  }

  static async open(options: PortalOptions): Promise<ServicePortal> {
    const portal = new ServicePortal(options);
    portal.#server.listen(options.port, options.address);
    await once(portal.#server, 'listening');
    return portal;
  }

  get open(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  async #passOn(socket: Socket): Promise<void> {
    const places = await this.#endpoints();
    const place = places[this.accepted % Math.max(1, places.length)];
    if (place === undefined) return void socket.destroy();
    const pod = connect({ host: place.address, port: place.port });
    pod.on('error', () => socket.destroy());
    pod.once('close', () => socket.destroy());
    socket.once('close', () => pod.destroy());
    socket.pipe(pod).pipe(socket);
  }

  async #endpoints(): Promise<{ address: string; port: number }[]> {
    const { api, namespace, service, onlyNode } = this.#options;
    const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
    const { items } = await api.get<{ items: readonly Slice[] }>(
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`,
    );
    return items.flatMap(({ ports, endpoints }) =>
      (endpoints ?? [])
        .filter(({ conditions }) => conditions.ready === true)
        .filter(({ nodeName }) => onlyNode === undefined || nodeName === onlyNode)
        .flatMap(({ addresses }) => addresses)
        .map((address) => ({ address, port: ports?.[0]?.port ?? 0 })),
    );
  }
}
