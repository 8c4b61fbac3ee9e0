import type { Random } from './random.ts';

/** What one side says on one connection. */
export interface FuzzStream {
  /** Written one a turn of the event loop. */
  readonly pieces: readonly Buffer[];
  /** Then: a FIN, a reset, or nothing for a moment and then a FIN. */
  readonly ending: 'end' | 'reset' | 'linger';
  /** For so long it reads nothing. */
  readonly deafMs?: number;
}

const DEAF_MS = 40;

/** Cuts bytes as networks do, and ends them somehow. */
export function cutStream(random: Random, bytes: Buffer): FuzzStream {
  const pieces: Buffer[] = [];
  let from = 0;
  const cuts = random.chance(50) ? 0 : 1 + random.below(4);
  for (let index = 0; index < cuts && from < bytes.length; index++) {
    const most = random.chance(50) ? 8 : bytes.length - from;
    const to = from + 1 + random.below(most);
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  if (from < bytes.length) pieces.push(bytes.subarray(from));
  const dice = random.below(100);
  const ending = dice < 85 ? 'end' : dice < 97 ? 'reset' : 'linger';
  return random.chance(2) ? { pieces, ending, deafMs: DEAF_MS } : { pieces, ending };
}

/** As it can be given to `--replay`. */
export function toLiteral({ pieces, ...rest }: FuzzStream): string {
  return JSON.stringify({ pieces: pieces.map((piece) => piece.toString('latin1')), ...rest });
}

export function fromLiteral(text: string): FuzzStream {
  const { pieces, ...rest } = JSON.parse(text) as Omit<FuzzStream, 'pieces'> & {
    readonly pieces: readonly string[];
  };
  return { pieces: pieces.map((piece) => Buffer.from(piece, 'latin1')), ...rest };
}

/** All that is said, latin1. */
export function textOf({ pieces }: FuzzStream): string {
  return Buffer.concat(pieces).toString('latin1');
}
