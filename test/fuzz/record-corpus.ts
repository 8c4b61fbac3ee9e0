/**
 * Preloaded into the raw-byte tests (`--import`): writes what each of their clients and upstreams sent into the folder
 * CORPUS_FOLDER, a file a process.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setWireTap } from '../blackbox/harness/wire-tap.ts';

/** Of a stream's bytes no more is kept; what tests write beyond is filling. */
const MAX_STREAM_BYTES = 40_000;

type Streams = Map<object, string>;

const clients: Streams = new Map();
const upstreams: Streams = new Map();

function append(streams: Streams, stream: object, bytes: string | Buffer): void {
  const before = streams.get(stream) ?? '';
  if (before.length > MAX_STREAM_BYTES) return;
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  streams.set(stream, (before + text).slice(0, MAX_STREAM_BYTES));
}

const folder = process.env['CORPUS_FOLDER'];
if (folder !== undefined) {
  setWireTap({
    onClientBytes: (stream, bytes) => {
      append(clients, stream, bytes);
    },
    onUpstreamBytes: (stream, bytes) => {
      append(upstreams, stream, bytes);
    },
  });
  process.on('exit', () => {
    const found = { client: [...clients.values()], upstream: [...upstreams.values()] };
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(found));
  });
}
