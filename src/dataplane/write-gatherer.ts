/** Something with bytes that are ready to leave. */
export interface Gathered {
  flush(): void;
}

/** A turn of the event loop that brings no more than this is not worth waiting for the end of. */
const FEW = 2;
/** After such a turn, what comes leaves at once so many times, before it is tried again. */
const TIMES_AT_ONCE = 32;
/** A poll may bring a thousand events: as soon as so many outputs wait they leave, once the present event was handled. */
const MOST = 64;

let waiting: Gathered[] = [];
let timesAtOnce = 0;

/**
 * What one turn of the event loop produces for a connection leaves in one write: it is gathered until all events that came
 * with this turn were handled. Endpoints that answer the streams of one client do so on connections of their own.
 */
export function flushAfterThisTurn(output: Gathered): void {
  if (waiting.length === 0) setImmediate(flushAll);
  waiting.push(output);
}

/**
 * For what could leave as it is: at once where there is little to do, else after this turn. Whole turns of reading and whole
 * turns of writing find their code and data in the caches, and wake up whom they write to once and not for each message.
 */
export function flushWhenDue(output: Gathered): void {
  if (timesAtOnce === 0) {
    flushAfterThisTurn(output);
    if (waiting.length >= MOST) process.nextTick(flushAll);
  } else {
    timesAtOnce -= 1;
    output.flush();
  }
}

function flushAll(): void {
  const outputs = waiting;
  if (outputs.length === 0) return;
  waiting = [];
  timesAtOnce = outputs.length <= FEW ? TIMES_AT_ONCE : 0;
  for (const output of outputs) output.flush();
}
