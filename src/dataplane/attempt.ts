import type { UpstreamAttempt } from '../observability/exchange-record.ts';

/** One try at one endpoint. */
export class Attempt implements UpstreamAttempt {
  /** Stands in where there was no attempt. */
  static readonly none = new Attempt('', 0);

  readonly address: string;
  connectMs: number | undefined = undefined;
  headMs: number | undefined = undefined;
  responseMs: number | undefined = undefined;
  status: number | undefined = undefined;
  bytes = 0;
  readonly startedMs: number;

  constructor(address: string, startedMs: number) {
    this.address = address;
    this.startedMs = startedMs;
  }

  connected(nowMs: number): void {
    this.connectMs = nowMs - this.startedMs;
  }

  answered(status: number, nowMs: number): void {
    this.status = status;
    this.headMs = nowMs - this.startedMs;
  }

  ended(nowMs: number): void {
    if (this.connectMs !== undefined) this.responseMs = nowMs - this.startedMs;
  }
}
