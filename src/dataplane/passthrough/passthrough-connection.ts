import { connect, isIPv6, type Socket } from 'node:net';
import type { PickContext } from '../balancer/balancer.ts';
import type { ClusterState, EndpointState } from '../cluster.ts';
import type { UpstreamFailure } from '../codec.ts';
import type { ClientSession, ConnectionHome } from '../connections.ts';
import type { Engine } from '../engine.ts';
import { FieldList } from '../fields.ts';
import { createGuard, type Guard } from '../guard.ts';
import type { ProxiedClient } from '../proxy-protocol.ts';
import type { CompiledPassthrough } from '../router/compiled-host.ts';
import { Timer } from '../timer-wheel.ts';
import { upstreamFailures } from '../upstream-failures.ts';
import { proxyHeader } from '../write-proxy-header.ts';
import { relay } from './relay.ts';

/** A client's connection whose hello was read, and put back. */
export interface PassthroughClient {
  /** Paused. */
  readonly socket: Socket;
  readonly ends: ProxiedClient;
  /** As the hello has it: lower case. */
  readonly serverName: string;
}

const NO_FIELDS = new FieldList();
const NO_ENDPOINT = 'no endpoint for TLS passthrough';

/**
 * A TLS connection that an endpoint terminates: its bytes go to and fro as they are. As long as none was sent, another endpoint
 * is tried where one can't be reached; afterwards the two are bound to each other, whatever becomes of the table.
 */
export class PassthroughConnection implements ClientSession {
  readonly #engine: Engine;
  readonly #client: PassthroughClient;
  readonly #passthrough: CompiledPassthrough;
  readonly #cluster: ClusterState;
  readonly #home: ConnectionHome;
  readonly #guard: Guard;
  readonly #timer: Timer;
  readonly #startedMs: number;
  readonly #tried = new Set<EndpointState>();
  #endpoint: EndpointState | undefined = undefined;
  #upstream: Socket | undefined = undefined;
  #isConnected = false;
  #isOver = false;
  #received = 0;
  #sent = 0;

  constructor(
    engine: Engine,
    client: PassthroughClient,
    passthrough: CompiledPassthrough,
    home: ConnectionHome,
  ) {
    this.#engine = engine;
    this.#client = client;
    this.#passthrough = passthrough;
    this.#cluster = passthrough.cluster;
    this.#home = home;
    this.#startedMs = engine.clock.nowMs;
    this.#guard = createGuard((error) => {
      this.#engine.log.error({ err: error }, 'passthrough connection failed');
      this.#end();
    });
    const onTimeout = this.#guard(() => {
      this.#onTimeout();
    });
    this.#timer = new Timer(engine.wheel, onTimeout);
  }

  begin(): void {
    const onClose = this.#guard(() => {
      this.#onClientClose();
    });
    this.#client.socket.on('close', onClose);
    const onBegin = this.#guard(() => {
      this.#tryNext();
    });
    onBegin();
  }

  /** Goes on until one of the two ends it, or the time for draining is over. */
  drain(): void {
    // What runs is all there is.
  }

  #tryNext(): void {
    const { connectMs } = this.#passthrough.config;
    const endpoint = this.#mayTry() ? this.#pick() : undefined;
    if (endpoint === undefined) {
      if (this.#tried.size === 0) this.#report({ reason: NO_ENDPOINT, limit: undefined });
      this.#engine.stats.passthroughFailed();
      this.#end();
      return;
    }
    this.#tried.add(endpoint);
    this.#endpoint = endpoint;
    this.#cluster.began(endpoint);
    this.#timer.set(this.#engine.clock.nowMs + connectMs);
    this.#upstream = this.#connect(endpoint);
  }

  #mayTry(): boolean {
    const { attempts, withinMs } = this.#passthrough.config;
    if (this.#tried.size === 0) return true;
    const elapsedMs = this.#engine.clock.nowMs - this.#startedMs;
    return this.#tried.size < attempts && (withinMs === 'none' || elapsedMs < withinMs);
  }

  /** One that was not tried; undefined: there is none. */
  #pick(): EndpointState | undefined {
    const { ends, serverName } = this.#client;
    const context: PickContext = {
      tried: this.#tried.size === 0 ? undefined : this.#tried,
      nowMs: this.#engine.clock.nowMs,
      clientAddress: ends.address,
      scheme: 'https',
      method: '',
      authority: serverName,
      host: serverName,
      target: '',
      path: '',
      query: '',
      fields: NO_FIELDS,
      session: undefined,
    };
    const endpoint = this.#cluster.pick(context);
    return endpoint === undefined || this.#tried.has(endpoint) ? undefined : endpoint;
  }

  #connect({ address, port }: EndpointState): Socket {
    const family = isIPv6(address) ? 6 : 4;
    const socket = connect({ host: address, port, family, noDelay: true, allowHalfOpen: true });
    const onConnect = this.#guard(() => {
      this.#onConnect(socket);
    });
    const onClose = this.#guard(() => {
      this.#engine.clock.update();
      if (this.#upstream === socket) this.#onUpstreamClose();
    });
    // 'close' follows, and says all else that matters.
    socket.on('error', () => undefined);
    socket.on('connect', onConnect);
    socket.on('close', onClose);
    return socket;
  }

  #onConnect(upstream: Socket): void {
    this.#engine.clock.update();
    this.#isConnected = true;
    this.#engine.stats.passthroughOpened();
    const { socket: client, ends } = this.#client;
    const { proxyProtocol } = this.#passthrough.config;
    if (proxyProtocol !== undefined) upstream.write(proxyHeader(proxyProtocol, ends));
    this.#touch();
    relay(client, upstream, (bytes) => {
      this.#received += bytes;
      this.#engine.stats.passthroughBytes(bytes, 0);
      this.#touch();
    });
    relay(upstream, client, (bytes) => {
      this.#sent += bytes;
      this.#engine.stats.passthroughBytes(0, bytes);
      this.#touch();
    });
  }

  #touch(): void {
    this.#engine.clock.update();
    const { idleMs } = this.#passthrough.config;
    if (idleMs === 'none') this.#timer.clear();
    else this.#timer.set(this.#engine.clock.nowMs + idleMs);
  }

  #onUpstreamClose(): void {
    if (!this.#isConnected) this.#onAttemptFailure(upstreamFailures.refused);
    else if (this.#client.socket.closed) this.#end();
  }

  #onClientClose(): void {
    this.#engine.clock.update();
    if (!this.#isConnected || this.#upstream?.closed === true) this.#end();
  }

  #onTimeout(): void {
    this.#engine.clock.update();
    if (!this.#isConnected) {
      this.#onAttemptFailure(upstreamFailures.connectTimeout);
      return;
    }
    this.#engine.stats.limitTripped('tunnel-idle-timeout');
    this.#end();
  }

  #onAttemptFailure(failure: UpstreamFailure): void {
    if (this.#isOver) return;
    this.#report(failure);
    this.#leaveEndpoint();
    this.#tryNext();
  }

  #report({ reason, limit }: Pick<UpstreamFailure, 'reason' | 'limit'>): void {
    const { stats, failures, clock } = this.#engine;
    if (limit !== undefined) stats.limitTripped(limit);
    const attempts = this.#endpoint === undefined ? [] : [{ address: this.#endpoint.key }];
    const clusterName = this.#cluster.config.name;
    failures.report({ failure: reason, clusterName, attempts }, clock.nowMs);
  }

  #leaveEndpoint(): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.destroy();
    if (this.#endpoint === undefined) return;
    // How long a tunnel stood says nothing of how fast its endpoint is.
    this.#cluster.ended(this.#endpoint, undefined, this.#engine.clock.nowMs);
    this.#endpoint = undefined;
  }

  /** Closes what is still open; both sides are, where they came to their end by themselves. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.remove();
    this.#logEnd();
    this.#leaveEndpoint();
    this.#client.socket.destroy();
    this.#home.onConnectionDone(this);
  }

  #logEnd(): void {
    const { log, clock } = this.#engine;
    log.debug(
      {
        client: this.#client.ends.address,
        serverName: this.#client.serverName,
        cluster: this.#cluster.config.name,
        endpoint: this.#endpoint?.key,
        receivedBytes: this.#received,
        sentBytes: this.#sent,
        durationMs: Math.round(clock.nowMs - this.#startedMs),
      },
      'passthrough connection ended',
    );
  }
}
