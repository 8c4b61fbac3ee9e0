/** Bits of a step, above the state that it leads to (low eight) and the octet that it gives (the next eight). */
export const GIVES_OCTET = 1 << 16;
export const FAILED = 1 << 17;
/** In `ends`: the code may end here. */
export const ACCEPTS = 1;

/** A padding has at most seven bits (RFC 7541 §5.2). */
const MOST_PADDING_BITS = 7;
const NIBBLE_BITS = 4;
const NIBBLES = 16;
/** The tree's inner nodes, of which its 257 leaves make 256. */
const STATES = 256;
const NO_NODE = 0;

export interface HuffmanMachine {
  /** By state and four bits of input (`state << 4 | nibble`): next state, the octet that is complete with it, and the flags. */
  readonly steps: Uint32Array;
  /** By state: `ACCEPTS` where the bits since the last octet may be padding: fewer than eight, all ones. */
  readonly ends: Uint8Array;
}

/** The code as a tree: by node and bit the next node, a leaf as `~octet`. Node 0 is the root, so 0 also says "none": EOS. */
type Tree = Int16Array;

/**
 * A machine that takes four bits of code at once; its states are the tree's inner nodes. The shortest code has five bits, so
 * that a step completes at most one octet. Steps are 16 KiB, which stay in the processor's nearest cache.
 */
export function createHuffmanMachine(codes: Uint32Array, bits: Uint8Array): HuffmanMachine {
  const tree = growTree(codes, bits);
  const steps = new Uint32Array(STATES * NIBBLES);
  for (let state = 0; state < STATES; state++) {
    for (let nibble = 0; nibble < NIBBLES; nibble++) {
      steps[(state << NIBBLE_BITS) | nibble] = step(tree, state, nibble);
    }
  }
  return { steps, ends: findEnds(tree) };
}

function growTree(codes: Uint32Array, bits: Uint8Array): Tree {
  const tree = new Int16Array(STATES * 2);
  let nodes = 1;
  codes.forEach((code, octet) => {
    let node = 0;
    for (let bit = (bits[octet] ?? 0) - 1; bit > 0; bit--) {
      const edge = node * 2 + ((code >>> bit) & 1);
      if (tree[edge] === NO_NODE) tree[edge] = nodes++;
      node = tree[edge] ?? NO_NODE;
    }
    tree[node * 2 + (code & 1)] = ~octet;
  });
  return tree;
}

function step(tree: Tree, state: number, nibble: number): number {
  let node = state;
  let given = 0;
  for (let bit = NIBBLE_BITS - 1; bit >= 0; bit--) {
    const next = tree[node * 2 + ((nibble >>> bit) & 1)] ?? NO_NODE;
    if (next === NO_NODE) return FAILED;
    node = Math.max(next, 0);
    if (next < 0) given = GIVES_OCTET | (~next << 8);
  }
  return given | node;
}

function findEnds(tree: Tree): Uint8Array {
  const ends = new Uint8Array(STATES);
  let node = 0;
  for (let ones = 0; ones <= MOST_PADDING_BITS; ones++) {
    ends[node] = ACCEPTS;
    node = tree[node * 2 + 1] ?? NO_NODE;
  }
  return ends;
}
