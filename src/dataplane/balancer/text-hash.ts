/**
 * 32 bits of a text, unsigned: FNV-1a, then the finaliser of MurmurHash3, without which texts that differ in their last
 * character (as addresses do) would lie side by side. The same on every worker, replica and release: clients' endpoints
 * depend on it.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/** Each bit of the result depends on each bit given. */
export function mix(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
