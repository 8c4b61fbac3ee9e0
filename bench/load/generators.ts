import type { Cell } from '../cell.ts';
import { echoLoad } from './echo-load.ts';
import { findH2load } from './h2load.ts';
import { handshakeLoad } from './handshake-load.ts';
import type { LoadGenerator } from './load.ts';
import { nodeLoad } from './node-load.ts';
import { findWrk } from './wrk.ts';

const wrk = findWrk();
const h2load = findH2load();

/** All that may be used, for the result's readers. */
export const generatorNames: readonly string[] = [wrk ?? nodeLoad, h2load].flatMap((generator) =>
  generator === undefined ? [] : [generator.name],
);

/** What is missing, and how to get it. */
export const missingGenerators: readonly string[] = [
  ...(wrk === undefined ? ['wrk (apt-get install wrk): figures are less sharp, no connect'] : []),
  ...(h2load === undefined
    ? ['h2load (apt-get install nghttp2-client): no tls, h2 and grpc cells']
    : []),
];

/** Undefined: none is installed that could. */
export function generatorFor(cell: Cell): LoadGenerator | undefined {
  if (cell.protocol === 'websocket') return echoLoad;
  if (cell.tls && cell.reconnect !== 'never') return handshakeLoad;
  if (cell.tls || cell.protocol !== 'http1') return h2load;
  return wrk ?? (cell.reconnect === 'never' ? nodeLoad : undefined);
}
