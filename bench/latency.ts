import type { Cell, Peer, PeerName } from './cell.ts';
import type { LoadGenerator } from './load/load.ts';
import { runOpenLoop, type OpenLoopResult } from './load/open-loop.ts';
import { openArena, type Arena, type Contender, type MeasureOptions } from './measure.ts';
import { rounded, type LatencyRow } from './results.ts';

/** Of what nginx can serve. */
const SHARES = [0.3, 0.7];
const REFERENCE: PeerName = 'nginx';
/** More than are ever busy at these loads, unless a proxy stops for a while. */
const CONNECTIONS = 128;
/** Of each round at least: one in a thousand shall be many. */
const LEAST_SECONDS = 2;
/** Of nginx when all connections are busy. */
const CAPACITY_SECONDS = 2;
/** What the generator may be late itself. */
const MOST_OWN_MS = 1;

export interface LatencyResult {
  readonly rows: readonly LatencyRow[];
  /** What a reader must know. */
  readonly notes: readonly string[];
}

/** How long requests take that come at a rate, beside nginx at the same rate; round by round, proxy by proxy. */
export async function measureLatency(
  cell: Cell,
  peers: readonly Peer[],
  load: LoadGenerator,
  options: MeasureOptions,
): Promise<LatencyResult> {
  const seconds = options.isQuick ? options.seconds : Math.max(options.seconds, LEAST_SECONDS);
  const arena = await openArena(cell, peers, options.cores);
  try {
    const capacity = await warmUp(arena, load, options);
    const results = new Map<string, OpenLoopResult[]>();
    for (let round = 0; round < options.rounds; round++) {
      for (const share of SHARES) {
        for (const { peer, running } of arena.contenders) {
          const ratePerSecond = Math.round(capacity * share);
          const shape = arena.shape(running.port, seconds);
          const result = await runOpenLoop({ ...shape, connections: CONNECTIONS, ratePerSecond });
          const key = keyOf(peer, share);
          results.set(key, [...(results.get(key) ?? []), result]);
        }
      }
    }
    return summary(arena.contenders, capacity, results);
  } finally {
    await arena.close();
  }
}

const keyOf = (peer: Peer, share: number): string => `${share} ${peer.name}`;

/** Requests a second that the reference serves, or the first that there is. */
async function warmUp(
  arena: Arena,
  load: LoadGenerator,
  { isQuick }: MeasureOptions,
): Promise<number> {
  const { contenders } = arena;
  for (const { peer, running } of contenders) {
    const seconds = isQuick ? Math.min(peer.warmUpSeconds, 2) : peer.warmUpSeconds;
    await load.run(arena.shape(running.port, seconds));
  }
  const reference = contenders.find(({ peer }) => peer.name === REFERENCE) ?? contenders[0];
  if (reference === undefined) throw new Error('no proxy is installed');
  const { requests, seconds } = await load.run(
    arena.shape(reference.running.port, CAPACITY_SECONDS),
  );
  return requests / seconds;
}

function summary(
  contenders: readonly Contender[],
  capacity: number,
  results: ReadonlyMap<string, readonly OpenLoopResult[]>,
): LatencyResult {
  const notes: string[] = [];
  const rows = SHARES.flatMap((share) =>
    contenders.map(({ peer }): LatencyRow => {
      const rounds = results.get(keyOf(peer, share)) ?? [];
      const failed = rounds.reduce((sum, result) => sum + result.failed, 0);
      const at = `${peer.name} at ${share * 100} %`;
      if (failed > 0) notes.push(`${at}: ${failed} requests failed or had no answer in time`);
      const ownMs = rounded(rounds.map(({ ownP99Ms }) => ownP99Ms)).median;
      if (ownMs > MOST_OWN_MS) notes.push(`${at}: the generator itself was ${ownMs} ms late (p99)`);
      return {
        peer: peer.name,
        share,
        ratePerSecond: Math.round(capacity * share),
        failed,
        ownP99Ms: ownMs,
        p50Ms: rounded(rounds.map(({ p50Ms }) => p50Ms)),
        p99Ms: rounded(rounds.map(({ p99Ms }) => p99Ms)),
        p999Ms: rounded(rounds.map(({ p999Ms }) => p999Ms)),
      };
    }),
  );
  return { rows, notes };
}
