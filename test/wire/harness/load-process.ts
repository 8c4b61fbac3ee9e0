/** A steady load from a process of its own, so that what else the test does is not in its latencies. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../../process/child.ts';

export interface LoadSummary {
  readonly requests: number;
  /** As in LoadResult. */
  readonly failures: readonly (readonly [fault: string, count: number])[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const main = join(import.meta.dirname, 'load-process-main.ts');

export async function loadFromProcess(
  t: TestContext,
  options: { readonly port: number; readonly perSecond: number; readonly forMs: number },
): Promise<LoadSummary> {
  const { code, stdout, stderr } = await run(t, process.execPath, [main, JSON.stringify(options)]);
  if (code !== 0) throw new Error(`the load ended with ${String(code)}:\n${stderr}`);
  return JSON.parse(stdout) as LoadSummary;
}
