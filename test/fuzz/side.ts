import type { FuzzedProxy } from './proxy.ts';
import type { FuzzStream } from './stream.ts';
import type { Random } from './random.ts';

/** One side of the proxy under fire, with what stands on the other. */
export interface Side {
  readonly proxy: FuzzedProxy;
  /** Says the stream. Resolves with what was wrong; empty: nothing. */
  run(index: number, stream: FuzzStream): Promise<string[]>;
  /** What went wrong and can't be said to belong to one stream. */
  takeFaults(): string[];
  close(): void;
}

export interface SideKind {
  generate(random: Random): FuzzStream;
  start(): Promise<Side>;
}
