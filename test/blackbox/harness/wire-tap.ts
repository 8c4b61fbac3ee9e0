/** Who wants to know what tests write, by stream: the recorder of the fuzzer's corpus (test/fuzz/record-corpus.ts). */
export interface WireTap {
  onClientBytes(stream: object, bytes: string | Buffer): void;
  onUpstreamBytes(stream: object, bytes: string | Buffer): void;
}

let tap: WireTap | undefined;

export function setWireTap(wanted: WireTap): void {
  tap = wanted;
}

export function wireTap(): WireTap | undefined {
  return tap;
}
