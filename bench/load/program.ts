import { join } from 'node:path';
import { limitMs, outputOf } from '../processes.ts';
import type { LoadResult, LoadShape } from './load.ts';

/** Runs one of our own generators as a process: `node <name>.ts SHAPE`, both ways as JSON. */
export async function runProgram<Result = LoadResult>(
  name: string,
  shape: LoadShape & { readonly ratePerSecond?: number },
): Promise<Result> {
  const script = join(import.meta.dirname, `${name}.ts`);
  const command = [process.execPath, script, JSON.stringify(shape)];
  return JSON.parse(await outputOf(shape.core, command, limitMs(shape.seconds))) as Result;
}

/** Of the process that {@link runProgram} started. */
export function programShape(): LoadShape & { readonly ratePerSecond?: number } {
  return JSON.parse(process.argv[2] ?? '') as LoadShape;
}
