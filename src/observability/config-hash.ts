import { createHash } from 'node:crypto';
import type { ProxyConfig } from '../model/config.ts';

/** 48 bits: what a metric's floating-point value holds without loss. */
const HASH_BYTES = 6;
const MODULUS = 2 ** (8 * HASH_BYTES);

const known = new WeakMap<object, number>();

/**
 * A number that is the same for the same configuration in every replica. Pieces keep their identity while they don't
 * change, so each is hashed once; their sum does not depend on their order. Keys count through their fingerprints.
 */
export function configHash(config: ProxyConfig): number {
  let sum = hashOf('settings', config.settings);
  const sections = [
    config.virtualHosts,
    config.clusters,
    config.endpointSets,
    config.certificates,
  ] as const;
  for (const section of sections) {
    for (const [key, piece] of section) sum = (sum + hashOf(key, piece)) % MODULUS;
  }
  return sum;
}

function hashOf(key: string, piece: object): number {
  const before = known.get(piece);
  if (before !== undefined) return before;
  const digest = createHash('sha256')
    .update(JSON.stringify([key, piece]))
    .digest();
  const hash = digest.readUIntBE(0, HASH_BYTES);
  known.set(piece, hash);
  return hash;
}
