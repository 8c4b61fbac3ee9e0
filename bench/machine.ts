import { cpus } from 'node:os';

/** What a reader must know of the machine to place the figures. */
export function describeMachine(): string {
  const cores = cpus();
  return `${cores.length} cores, ${cores[0]?.model ?? 'unknown CPU'}, ${process.platform} ${process.arch}`;
}
