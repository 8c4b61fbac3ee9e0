import { spread } from '../spread.ts';

/** One function under the clock. */
export interface MicroCase {
  readonly name: string;
  /** Does it once; `turn` counts up, for cases that go through a list. The result is kept, so that nothing is optimised away. */
  readonly run: (turn: number) => unknown;
}

const BATCH_MS = 50;
const BATCHES = 15;

/** Kept, so that the compiler can't tell that a result is not used. */
let sink: unknown;

/** Prints nanoseconds a call, median and spread over batches that last some tens of milliseconds each. */
export function runMicro(cases: readonly MicroCase[]): void {
  console.log('| function | ns a call: median (least–most) |\n|---|---|');
  for (const { name, run } of cases) {
    const calls = calibrate(run);
    const { median, min, max } = spread(
      Array.from({ length: BATCHES }, () => (timeOf(run, calls) * 1e6) / calls),
    );
    console.log(`| ${name} | ${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)}) |`);
  }
  if (sink === undefined) console.log('the last case gave nothing');
}

/** How many calls fill a batch, once the function is hot. */
function calibrate(run: MicroCase['run']): number {
  let calls = 1;
  while (timeOf(run, calls) < BATCH_MS) calls *= 2;
  return calls;
}

function timeOf(run: MicroCase['run'], calls: number): number {
  const startedAt = performance.now();
  for (let turn = 0; turn < calls; turn++) sink = run(turn);
  return performance.now() - startedAt;
}
