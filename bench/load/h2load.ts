import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limitMs, outputOf, versionOf } from '../processes.ts';
import type { LoadGenerator, LoadResult, LoadShape } from './load.ts';

/** A gRPC message that is not compressed begins with a zero and its length in 4 bytes. */
const MESSAGE_HEAD_BYTES = 5;

/** h2load of nghttp2: HTTP/2, and HTTP/1.1 over TLS with a name. Undefined: it is not installed. */
export function findH2load(): LoadGenerator | undefined {
  const version = versionOf('h2load', '--version');
  return version === undefined ? undefined : { name: version, run: runH2load };
}

async function runH2load(shape: LoadShape): Promise<LoadResult> {
  const { connections, streams, seconds, port } = shape;
  const host = shape.hosts[0] ?? '';
  const command = [
    ...['h2load', '-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`],
    ...['--connect-to', `127.0.0.1:${port}`],
    ...(shape.protocol === 'http1' ? ['--h1'] : []),
    ...Object.entries(shape.requestFields).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...bodyOptions(shape),
    `${shape.tls ? 'https' : 'http'}://${host}/`,
  ];
  return parseOutput(await outputOf(shape.core, command, limitMs(seconds)), seconds);
}

function bodyOptions({ protocol, requestBodyBytes, folder }: LoadShape): string[] {
  if (requestBodyBytes === 0) return [];
  const path = join(folder, 'body');
  const body = Buffer.alloc(requestBodyBytes);
  const isGrpc = protocol === 'grpc';
  if (isGrpc) body.writeUInt32BE(requestBodyBytes - MESSAGE_HEAD_BYTES, 1);
  writeFileSync(path, body);
  const fields = isGrpc ? ['-H', 'content-type: application/grpc', '-H', 'te: trailers'] : [];
  return ['-d', path, ...fields];
}

/** Every request that ended otherwise than with 2xx counts as failed. */
function parseOutput(output: string, seconds: number): LoadResult {
  const requests = /^requests: .* (\d+) done, (\d+) succeeded,/m.exec(output);
  const good = /^status codes: (\d+) 2xx/m.exec(output);
  const traffic = /^traffic: .*\((\d+)\) total/m.exec(output);
  if (requests === null || good === null || traffic === null)
    throw new Error(`h2load printed no result:\n${output}`);
  const done = Number(requests[1]);
  return {
    requests: done,
    seconds,
    failed: Math.max(done - Number(good[1]), done - Number(requests[2])),
    bytes: Number(traffic[1]),
  };
}
