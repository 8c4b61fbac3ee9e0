/** Bits of a step, above the state that it leads to (low eight) and the octets that it gives (the next sixteen). */
export const ONE_OCTET = 1 << 24;
export const TWO_OCTETS = 1 << 25;
export const FAILED = 1 << 26;
/** In `ends`: the code may end here. */
export const ACCEPTS = 1;

/** A padding has at most seven bits (RFC 7541 §5.2). */
const MOST_PADDING_BITS = 7;
const BYTE_BITS = 8;
const STATES = 256;
const NO_NODE = 0;

export interface HuffmanMachine {
  /** By state and input byte (`state << 8 | byte`): next state, up to two octets that are complete with it, and the flags. */
  readonly steps: Uint32Array;
  /** By state: `ACCEPTS` where the bits since the last octet may be padding: fewer than eight, all ones. */
  readonly ends: Uint8Array;
}

/** The code as a tree: by node and bit the next node, a leaf as `~octet`. Node 0 is the root, so 0 also says "none": EOS. */
type Tree = Int16Array;

/**
 * A machine that takes a byte of code at once. Its states are the tree's inner nodes, of which 257 codes make 256;
 * a byte completes at most two octets, because after the first at most seven bits are left and the shortest code has five.
 */
export function createHuffmanMachine(codes: Uint32Array, bits: Uint8Array): HuffmanMachine {
  const tree = growTree(codes, bits);
  const steps = new Uint32Array(STATES * 256);
  for (let state = 0; state < STATES; state++) {
    for (let byte = 0; byte < 256; byte++) steps[(state << 8) | byte] = step(tree, state, byte);
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

function step(tree: Tree, state: number, byte: number): number {
  let node = state;
  let given = 0;
  for (let bit = BYTE_BITS - 1; bit >= 0; bit--) {
    const next = tree[node * 2 + ((byte >>> bit) & 1)] ?? NO_NODE;
    if (next === NO_NODE) return FAILED;
    node = Math.max(next, 0);
    if (next < 0) given = giveOctet(given, ~next);
  }
  return given | node;
}

function giveOctet(given: number, octet: number): number {
  return given === 0 ? ONE_OCTET | (octet << 8) : given | TWO_OCTETS | (octet << 16);
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
