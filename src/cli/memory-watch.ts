import { totalmem } from 'node:os';
import type { Pressure } from '../dataplane/pressure.ts';
import type { Logger } from '../observability/logger.ts';

export interface MemoryWatchOptions {
  readonly limitBytes: number | 'none';
  readonly log: Logger;
  readonly onChange: (pressure: Pressure) => void;
  /** What the process holds now. Default: its resident memory, all threads and what is outside of their heaps. */
  readonly usedBytes?: () => number;
}

/** A full second would let a fast client fill what is left. */
const INTERVAL_MS = 250;
const HIGH = 0.92;
const CRITICAL = 0.95;
/** Relief is believed only so far below, or every look would tell the opposite of the one before. */
const RELIEF = 0.02;

/** Tells when the process comes near its memory limit, and when that is over (security.md 11.4). */
export class MemoryWatch {
  readonly limitBytes: number | undefined;
  readonly #options: MemoryWatchOptions;
  #pressure: Pressure = 'none';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.limitBytes = options.limitBytes === 'none' ? undefined : options.limitBytes;
  }

  /** Looks at once, and then several times a second. */
  start(): void {
    if (this.limitBytes === undefined) return;
    this.#timer = setInterval(() => {
      this.look();
    }, INTERVAL_MS);
    this.#timer.unref();
    this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What may still be taken before memory is short; undefined without a limit. */
  freeBytes(): number | undefined {
    const { usedBytes = residentBytes } = this.#options;
    return this.limitBytes === undefined ? undefined : this.limitBytes * HIGH - usedBytes();
  }

  look(): void {
    if (this.limitBytes === undefined) return;
    const { log, onChange, usedBytes = residentBytes } = this.#options;
    const used = usedBytes();
    const next = judge(used / this.limitBytes, this.#pressure);
    if (next === this.#pressure) return;
    this.#pressure = next;
    const fields = { pressure: next, usedBytes: used, limitBytes: this.limitBytes };
    if (next === 'none') log.info(fields, 'memory pressure is over');
    else log.warn(fields, 'memory is running short');
    onChange(next);
  }
}

/** Undefined in `process.constrainedMemory` has many shapes: 0, and numbers beyond the machine's memory. */
export function containerMemoryLimit(): number | 'none' {
  const bytes = process.constrainedMemory();
  return bytes > 0 && bytes < totalmem() ? bytes : 'none';
}

function residentBytes(): number {
  return process.memoryUsage.rss();
}

function judge(share: number, before: Pressure): Pressure {
  const critical = before === 'critical' ? CRITICAL - RELIEF : CRITICAL;
  const high = before === 'none' ? HIGH : HIGH - RELIEF;
  if (share >= critical) return 'critical';
  return share >= high ? 'high' : 'none';
}
