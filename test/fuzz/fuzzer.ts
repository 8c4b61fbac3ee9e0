import { talk } from './connection.ts';
import { LoopWatch } from './loop-watch.ts';
import { Random } from './random.ts';
import type { Side, SideKind } from './side.ts';
import { toLiteral, type FuzzStream } from './stream.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first stream. */
  readonly from: number;
  readonly streams: number;
  readonly onProgress?: (done: number) => void;
}

export interface Failure {
  /** Undefined: no single stream does it; `literal` is empty. */
  readonly index: number | undefined;
  readonly literal: string;
  readonly faults: readonly string[];
}

export interface FuzzResult {
  readonly done: number;
  readonly failures: readonly Failure[];
}

const IN_FLIGHT = 128;
const MAX_FAILURES = 10;
/** No stream may hold the loop for longer (security.md 3.5). */
const LONGEST_TURN_MS = 20;
const CLEAN_WITHIN_MS = 1_500;
/** Clean requests come from an address that no stream has. */
const CLEAN_ADDRESS = '127.0.0.1';

/** Streams in batches, each followed by a clean request. Where a batch goes wrong its streams are tried one by one. */
export async function fuzz(kind: SideKind, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, from, streams } = options;
  const failures: Failure[] = [];
  const unhandled = catchUnhandled();
  let side = await kind.start();
  const to = from + streams;
  let first = from;
  for (; first < to && failures.length < MAX_FAILURES; first += IN_FLIGHT) {
    const batch = new Map<number, FuzzStream>();
    for (let index = first; index < Math.min(first + IN_FLIGHT, to); index++) {
      batch.set(index, kind.generate(new Random(seed, index)));
    }
    const faults = [...(await runBatch(side, batch)), ...unhandled.take()];
    if (faults.length > 0) {
      side.close();
      failures.push(...(await findCulprits(kind, batch, faults)));
      side = await kind.start();
    }
    options.onProgress?.(Math.min(first + IN_FLIGHT, to) - from);
  }
  side.close();
  unhandled.stop();
  return { done: Math.min(first, to) - from, failures };
}

/** One stream alone, on a proxy of its own, three times: what is not there each time is chance. */
export async function replay(kind: SideKind, stream: FuzzStream, index = 0): Promise<string[]> {
  let faults: string[] = [];
  for (let round = 0; round < 3; round++) {
    faults = await runAnew(kind, new Map([[index, stream]]));
    if (faults.length === 0) return [];
  }
  return faults;
}

async function runBatch(side: Side, batch: ReadonlyMap<number, FuzzStream>): Promise<string[]> {
  const watch = new LoopWatch();
  const runs = [...batch].map(([index, stream]) => side.run(index, stream));
  const faults = (await Promise.all(runs)).flat();
  const turnMs = watch.takeLongestMs();
  watch.stop();
  // Of all its connections together, which may be thrice as long as that of one alone.
  const allowedMs = batch.size === 1 ? LONGEST_TURN_MS : LONGEST_TURN_MS * 3;
  if (turnMs > allowedMs) faults.push(`a turn of ${turnMs.toFixed(0)} ms`);
  faults.push(...(await runClean(side)), ...side.takeFaults());
  const inFlight = side.proxy.inFlight();
  if (inFlight !== 0) faults.push(`${inFlight} exchanges were left over`);
  return faults;
}

let cleanRequests = 0;

async function runClean({ proxy }: Side): Promise<string[]> {
  cleanRequests += 1;
  const bytes = `GET /clean/${cleanRequests} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
  const stream: FuzzStream = { pieces: [Buffer.from(bytes)], ending: 'end' };
  const begun = performance.now();
  const { text } = await talk(proxy.port, CLEAN_ADDRESS, stream);
  const ms = performance.now() - begun;
  const isOwn = text.includes(`clean ${cleanRequests}`) || text.includes(`GET ${CLEAN_ADDRESS}`);
  const faults: string[] = [];
  if (!/ 200 OK\r\n/.test(text) || !isOwn) faults.push(`clean request: ${JSON.stringify(text)}`);
  if (ms > CLEAN_WITHIN_MS) faults.push(`the clean request took ${ms.toFixed(0)} ms`);
  return faults;
}

/** Halves what fails until single streams fail, alone and again. */
async function findCulprits(
  kind: SideKind,
  batch: ReadonlyMap<number, FuzzStream>,
  faults: readonly string[],
): Promise<Failure[]> {
  const found = await searchCulprits(kind, [...batch]);
  if (found.length > 0) return found;
  // What no stream does alone, and not again together, was the machine's doing, unless it is more than slowness.
  const again = await runAnew(kind, batch);
  const isTiming = faults.every((fault) => /^(?:a turn of|the clean request took)/.test(fault));
  if (again.length === 0 && isTiming) return [];
  return [{ index: undefined, literal: '', faults: [...faults, ...again] }];
}

async function searchCulprits(
  kind: SideKind,
  streams: readonly (readonly [index: number, stream: FuzzStream])[],
): Promise<Failure[]> {
  const [[index, stream] = []] = streams;
  if (index === undefined || stream === undefined) return [];
  if (streams.length === 1) {
    const own = await replay(kind, stream, index);
    return own.length === 0 ? [] : [{ index, literal: toLiteral(stream), faults: own }];
  }
  const middle = streams.length >> 1;
  const found: Failure[] = [];
  for (const half of [streams.slice(0, middle), streams.slice(middle)]) {
    const fails = (await runAnew(kind, new Map(half))).length > 0;
    if (fails) found.push(...(await searchCulprits(kind, half)));
  }
  return found;
}

async function runAnew(kind: SideKind, batch: ReadonlyMap<number, FuzzStream>): Promise<string[]> {
  const side = await kind.start();
  const unhandled = catchUnhandled();
  // The first stream through a new proxy pays for what is made once.
  await runClean(side);
  const faults = [...(await runBatch(side, batch)), ...unhandled.take()];
  unhandled.stop();
  side.close();
  return faults;
}

function catchUnhandled(): { take(): string[]; stop(): void } {
  const errors: string[] = [];
  const onError = (error: unknown): void => {
    errors.push(`unhandled: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
  };
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  return {
    take: () => errors.splice(0),
    stop() {
      process.off('uncaughtException', onError);
      process.off('unhandledRejection', onError);
    },
  };
}
