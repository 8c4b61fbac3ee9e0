import type { RecordWithTtl } from 'node:dns';
import type { Resolver } from 'node:dns/promises';

/** `failed`: nobody knows; the servers are away, or say so. */
export type LookupResult =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly ttlMs: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: string };

/** The A and AAAA records of the first candidate that has any, sorted. */
export async function lookup(
  resolver: Resolver,
  candidates: readonly string[],
): Promise<LookupResult> {
  let last: LookupResult = { kind: 'absent' };
  for (const name of candidates) {
    const result = merge(
      await Promise.all([
        ask(resolver.resolve4(name, { ttl: true })),
        ask(resolver.resolve6(name, { ttl: true })),
      ]),
    );
    if (result.kind === 'found') return result;
    if (result.kind === 'absent') continue;
    last = result;
    // As in glibc, a search domain whose servers are broken is passed over; when nobody answers, nobody will.
    if (result.reason !== 'ESERVFAIL') break;
  }
  return last;
}

/** One family's failure must not hide what the other one has. */
function merge(results: readonly LookupResult[]): LookupResult {
  const found = results.filter((result) => result.kind === 'found');
  if (found.length === 0) {
    return results.find((result) => result.kind === 'failed') ?? { kind: 'absent' };
  }
  return {
    kind: 'found',
    addresses: found.flatMap(({ addresses }) => addresses).sort(),
    ttlMs: Math.min(...found.map(({ ttlMs }) => ttlMs)),
  };
}

/** The name does not exist, has no address of this family, or can't exist. */
const ABSENT: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

async function ask(answer: Promise<RecordWithTtl[]>): Promise<LookupResult> {
  try {
    const records = await answer;
    if (records.length === 0) return { kind: 'absent' };
    return {
      kind: 'found',
      addresses: records.map(({ address }) => address),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000,
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return ABSENT.has(code) ? { kind: 'absent' } : { kind: 'failed', reason: code };
  }
}
