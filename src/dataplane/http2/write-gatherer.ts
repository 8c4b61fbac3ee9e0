/** Something with bytes that are ready to leave. */
export interface Gathered {
  flush(): void;
}

let waiting: Gathered[] = [];

/**
 * What one turn of the event loop produces for a connection leaves in one write: it is gathered until all events that came
 * with this turn were handled. Endpoints that answer the streams of one client do so on connections of their own.
 */
export function flushAfterThisTurn(output: Gathered): void {
  if (waiting.length === 0) setImmediate(flushAll);
  waiting.push(output);
}

function flushAll(): void {
  const outputs = waiting;
  waiting = [];
  for (const output of outputs) output.flush();
}
