import type { RouteLabels } from '../model/config.ts';
import type { ExchangeRecord } from '../observability/exchange-record.ts';
import type { Attempt } from './attempt.ts';
import type { PickContext } from './balancer/balancer.ts';
import type { EndpointState } from './cluster.ts';
import type { Downstream, ExchangeHead, UpstreamRequest } from './codec.ts';
import type { Decidable } from './decide.ts';
import type { Engine } from './engine.ts';
import type { FieldBlock, KindMask } from './field-block.ts';
import { FieldKind, type FieldList } from './fields.ts';
import { droppedRequestFields } from './forwarded-fields.ts';
import { resolveOrigin, type ClientHandshake, type Origin } from './origin.ts';
import type { CompiledRoute, HostTable } from './table.ts';

const NO_ATTEMPTS: readonly Attempt[] = [];

/**
 * All that is known of an exchange, for those who decide on it, choose its endpoint, send it on or record it. What happens
 * with it is in `Exchange`.
 */
export class ExchangeFacts implements Decidable, PickContext, ExchangeRecord, UpstreamRequest {
  readonly method: string;
  readonly authority: string;
  readonly host: string;
  readonly target: string;
  readonly protocol: ExchangeHead['protocol'];
  readonly fields: FieldList;
  readonly requestBody: number;
  readonly upgrade: boolean;
  readonly acceptsTrailers: boolean;
  readonly origin: Origin;
  path = '';
  query = '';
  upstreamTarget: string;
  hostTable: HostTable | undefined = undefined;
  route: CompiledRoute | undefined = undefined;
  requestId = '';
  originalFields: FieldList | undefined = undefined;
  clientFields: FieldBlock | undefined = undefined;
  /** Of the answer; 0 before it. */
  status = 0;
  failure: string | undefined = undefined;
  durationMs = 0;
  requestBytes: number;
  responseBodyBytes = 0;
  attempts: readonly Attempt[] = NO_ATTEMPTS;
  tried: Set<EndpointState> | undefined = undefined;
  session: string | undefined = undefined;
  protected readonly engine: Engine;
  protected readonly downstream: Downstream;
  protected readonly startedMs: number;

  constructor(engine: Engine, downstream: Downstream, head: ExchangeHead, startedMs: number) {
    this.engine = engine;
    this.downstream = downstream;
    this.startedMs = startedMs;
    this.method = head.method;
    this.authority = head.authority;
    this.host = head.host;
    this.target = head.target;
    this.upstreamTarget = head.target;
    this.protocol = head.protocol;
    this.fields = head.fields;
    this.requestBody = head.body;
    this.upgrade = head.upgrade;
    this.acceptsTrailers = head.acceptsTrailers;
    this.requestBytes = head.byteLength;
    const { settings, trustedPeers } = engine.table;
    this.origin = resolveOrigin(downstream.peer, head.fields, settings.forwarded, trustedPeers);
  }

  get scheme(): 'http' | 'https' {
    return this.origin.scheme === 'https' ? 'https' : 'http';
  }
  get handshake(): ClientHandshake {
    return this.downstream.peer.handshake;
  }
  get clientAddress(): string {
    return this.origin.address;
  }
  get upstreamAuthority(): string {
    return this.origin.authority ?? this.authority;
  }
  get requestFields(): FieldList {
    return this.fields;
  }
  get droppedFields(): KindMask {
    return droppedRequestFields(this.engine.table.settings.forwarded);
  }
  get sendMs(): number {
    return this.route?.config.timeouts.sendMs ?? 0;
  }
  get readMs(): number {
    return this.route?.config.timeouts.readMs ?? 0;
  }
  get nowMs(): number {
    return this.engine.clock.nowMs;
  }
  get startedAtMs(): number {
    const { clock } = this.engine;
    return clock.unixMs - (clock.nowMs - this.startedMs);
  }
  get referer(): string {
    return this.fields.get(FieldKind.Referer) ?? '';
  }
  get userAgent(): string {
    return this.fields.get(FieldKind.UserAgent) ?? '';
  }
  get responseBytes(): number {
    return this.downstream.sentBytes;
  }
  get labels(): RouteLabels | undefined {
    return this.route?.config.labels;
  }
  get virtualHost(): string | undefined {
    return this.hostTable?.config.name;
  }
  get clusterName(): string {
    return this.route?.cluster?.config.name ?? '';
  }
}
