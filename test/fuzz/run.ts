/**
 * `npm run fuzz -- --streams N --seed S --side client|upstream --protocol h1|h2`: N streams on each side that is asked for (all,
 * unless one is named). What fails is printed as a literal that `--replay LITERAL` (with --side) tries again, and by its
 * number: `--seed S --from NUMBER --streams 1`. Ends with 1 when anything failed.
 */
import { parseArgs } from 'node:util';
import { http1Client } from './client-side.ts';
import { fuzz, replay } from './fuzzer.ts';
import { http2Client } from './http2-client-side.ts';
import { http2Upstream } from './http2-upstream-side.ts';
import type { SideKind } from './side.ts';
import { fromLiteral } from './stream.ts';
import { http1Upstream } from './upstream-side.ts';

const KINDS: Readonly<Record<string, SideKind>> = {
  'h1 client': http1Client,
  'h1 upstream': http1Upstream,
  'h2 client': http2Client,
  'h2 upstream': http2Upstream,
};

const USAGE =
  'npm run fuzz -- [--streams N] [--seed S] [--from NUMBER] [--side client|upstream] [--protocol h1|h2] [--replay LITERAL]';

const values = readOptions();

const chosen = Object.entries(KINDS).filter(([name]) => {
  const [protocol, side] = name.split(' ');
  return (
    (values.protocol ?? protocol) === protocol &&
    (values.side === undefined || values.side === side)
  );
});
if (chosen.length === 0) fail('no such side or protocol');
process.exitCode = (await (values.replay === undefined ? runAll() : replayAll(values.replay)))
  ? 0
  : 1;

/** The command line; ends the process with 2 where it can't be obeyed. */
function readOptions() {
  try {
    const { values: given } = parseArgs({
      options: {
        streams: { type: 'string', default: '20000' },
        seed: { type: 'string' },
        from: { type: 'string', default: '0' },
        side: { type: 'string' },
        protocol: { type: 'string' },
        replay: { type: 'string' },
      },
    });
    for (const name of ['streams', 'seed', 'from'] as const) {
      if (!/^\d{1,12}$/.test(given[name] ?? '0')) fail(`--${name} is a whole number`);
    }
    return given;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(reason: string): never {
  console.error(`${reason}\n${USAGE}`);
  process.exit(2);
}

async function runAll(): Promise<boolean> {
  const seed = values.seed === undefined ? Date.now() % 0x7fff_ffff : Number(values.seed);
  let isSound = true;
  for (const [name, kind] of chosen) {
    const begun = performance.now();
    const result = await fuzz(kind, {
      seed,
      from: Number(values.from),
      streams: Number(values.streams),
      onProgress: createProgress(name, begun),
    });
    const seconds = (performance.now() - begun) / 1_000;
    const rate = (result.done / seconds).toFixed(0);
    console.log(
      `${name}: seed ${seed}, ${result.done} streams in ${seconds.toFixed(0)} s (${rate}/s), ${result.failures.length} failures`,
    );
    for (const { index, literal, faults } of result.failures) {
      isSound = false;
      console.log(`  stream ${index ?? 'unknown'}: ${faults.join('\n    ')}\n    ${literal}`);
    }
  }
  return isSound;
}

function createProgress(name: string, begun: number): (done: number) => void {
  let saidAt = begun;
  return (done) => {
    const now = performance.now();
    if (now - saidAt < 30_000) return;
    saidAt = now;
    console.log(`${name}: ${done} streams so far`);
  };
}

async function replayAll(literal: string): Promise<boolean> {
  let isSound = true;
  for (const [name, kind] of chosen) {
    const faults = await replay(kind, fromLiteral(literal), Number(values.from));
    isSound &&= faults.length === 0;
    console.log(`${name}: ${faults.length === 0 ? 'sound' : faults.join('\n  ')}`);
  }
  return isSound;
}
