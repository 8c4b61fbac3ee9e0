import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { percentile } from './percentile.ts';
import { programShape, runProgram } from './program.ts';
import type { LoadShape } from './load.ts';

/** Of requests that come at random moments, so many a second on average, whatever became of those before. */
export interface OpenLoopResult {
  readonly requests: number;
  readonly failed: number;
  /** From the moment when a request was due, so that none hides behind a slow one before it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Between that moment and the request's writing although a connection was free: what the generator itself is late. */
  readonly ownP99Ms: number;
}

export function runOpenLoop(
  shape: LoadShape & { readonly ratePerSecond: number },
): Promise<OpenLoopResult> {
  return runProgram<OpenLoopResult>('open-loop', shape);
}

/** Not measured: connections, caches. */
const SETTLE_MS = 500;
/** For the last answers. */
const GRACE_MS = 2_000;

/** It spins, and must let the upstream go first, with which it may share a core. */
const SPINNING_PRIORITY = 10;

/** A connection with one request at most. */
interface Lane {
  readonly socket: Socket;
  dueMs: number;
  received: number;
}

/** Reads one answer that has a `Content-Length`. */
async function firstAnswerBytes(socket: Socket): Promise<number> {
  let text = '';
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
    const [head = '', length] =
      /^HTTP\/1\.1 200 .*?\r\ncontent-length: *(\d+)(?=\r\n).*?\r\n\r\n/is.exec(text) ?? [];
    if (length !== undefined && text.length >= head.length + Number(length)) return text.length;
  }
}

class OpenLoop {
  readonly #requests: readonly Buffer[];
  readonly #shape: LoadShape;
  readonly #meanGapMs: number;
  readonly #idle: Lane[] = [];
  /** Moments of requests that wait for a connection, and where the first of them is. */
  readonly #waiting: number[] = [];
  #firstWaiting = 0;
  readonly #latenciesMs: number[] = [];
  readonly #ownMs: number[] = [];
  #answerBytes = 0;
  #seed = 1;
  #position = 0;
  #open = 0;
  #failed = 0;
  #countFromMs = 0;

  constructor(shape: LoadShape, ratePerSecond: number) {
    this.#shape = shape;
    this.#meanGapMs = 1_000 / ratePerSecond;
    this.#requests = shape.hosts.map((host) =>
      Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
    );
  }

  async run(): Promise<OpenLoopResult> {
    await this.#connect();
    const startedAt = performance.now();
    this.#countFromMs = startedAt + SETTLE_MS;
    const endsAt = this.#countFromMs + this.#shape.seconds * 1_000;
    let dueMs = startedAt + this.#gapMs();
    // A spinning loop: timers are a millisecond late, which is more than what is measured.
    for (let now = startedAt; dueMs < endsAt; now = performance.now()) {
      for (; dueMs <= now; dueMs += this.#gapMs()) this.#onDue(dueMs, now);
      await new Promise(setImmediate);
    }
    const patienceEndsAt = performance.now() + GRACE_MS;
    while (this.#open > 0 && performance.now() < patienceEndsAt) await new Promise(setImmediate);
    return this.#result();
  }

  #result(): OpenLoopResult {
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const own = Float64Array.from(this.#ownMs).sort();
    return {
      requests: sorted.length,
      failed: this.#failed + this.#open,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      p999Ms: percentile(sorted, 0.999),
      ownP99Ms: percentile(own, 0.99),
    };
  }

  /** Of a Poisson process, the same in each run. Source of the generator: Park and Miller, 1988. */
  #gapMs(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return -Math.log(this.#seed / 2_147_483_647) * this.#meanGapMs;
  }

  #onDue(dueMs: number, nowMs: number): void {
    this.#open += 1;
    const lane = this.#idle.pop();
    if (lane === undefined) this.#waiting.push(dueMs);
    else {
      if (dueMs >= this.#countFromMs) this.#ownMs.push(nowMs - dueMs);
      this.#send(lane, dueMs);
    }
  }

  #send(lane: Lane, dueMs: number): void {
    lane.dueMs = dueMs;
    lane.received = 0;
    lane.socket.write(this.#requests[this.#position++ % this.#requests.length] ?? '');
  }

  /** Opens all connections, and learns from a first answer how long answers are. */
  async #connect(): Promise<void> {
    const { port, connections } = this.#shape;
    for (let index = 0; index < connections; index++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', () => (this.#failed += 1));
      socket.write(this.#requests[0] ?? '');
      this.#answerBytes = await firstAnswerBytes(socket);
      const lane: Lane = { socket, dueMs: 0, received: 0 };
      socket.on('data', (chunk: Buffer) => {
        this.#onData(lane, chunk);
      });
      this.#idle.push(lane);
    }
  }

  /** Answers are small and come in one piece or two: their end is known by their length. */
  #onData(lane: Lane, chunk: Buffer): void {
    if (lane.received === 0 && chunk[9] !== 0x32) this.#failed += 1;
    lane.received += chunk.length;
    if (lane.received < this.#answerBytes) return;
    if (lane.received > this.#answerBytes) this.#failed += 1;
    this.#open -= 1;
    if (lane.dueMs >= this.#countFromMs) this.#latenciesMs.push(performance.now() - lane.dueMs);
    const next = this.#waiting[this.#firstWaiting];
    if (next === undefined) this.#idle.push(lane);
    else {
      this.#firstWaiting += 1;
      this.#send(lane, next);
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  const shape = programShape();
  setPriority(SPINNING_PRIORITY);
  const result = await new OpenLoop(shape, shape.ratePerSecond ?? 1_000).run();
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
