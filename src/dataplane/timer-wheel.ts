/** How coarse deadlines are: a timeout comes up to two ticks late, and never early. */
const TICK_MS = 50;
const SLOTS = 1_024;
const NEVER = Infinity;

/**
 * The deadlines of a worker. There is one Timer for each connection, not for each exchange, and moving a deadline back,
 * which every request does, is one store: the wheel looks at a timer again where it hung before, and hangs it further on.
 */
export class TimerWheel {
  readonly #slots: (Timer | undefined)[] = new Array<Timer | undefined>(SLOTS).fill(undefined);
  readonly #now: () => number;
  #interval: NodeJS.Timeout | undefined;
  /** Tick that is due next. */
  #tick = 0;
  #count = 0;

  /** `now`: a monotonic clock, milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Timers that hang on the wheel. */
  get size(): number {
    return this.#count;
  }

  /** A timer's alone. */
  hang(timer: Timer): void {
    if (this.#interval === undefined) this.#start();
    this.#link(timer);
    this.#count += 1;
  }

  /** A timer's alone. */
  unhang(timer: Timer): void {
    this.#unlink(timer);
    this.#count -= 1;
  }

  /** Fires what is due; the interval's, and tests' with a clock of their own. */
  advance(): void {
    const last = Math.floor(this.#now() / TICK_MS);
    // After a long stall one turn sees every slot.
    if (last - this.#tick >= SLOTS) this.#tick = last - SLOTS + 1;
    for (; this.#tick <= last; this.#tick += 1) this.#fire(this.#tick % SLOTS);
    if (this.#count === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #start(): void {
    this.#tick = Math.floor(this.#now() / TICK_MS);
    this.#interval = setInterval(() => {
      this.advance();
    }, TICK_MS);
    this.#interval.unref();
  }

  /** One by one from the front: what one of them does may take others from the slot, but hangs none into it. */
  #fire(slot: number): void {
    let timer = this.#slots[slot];
    while (timer !== undefined) {
      this.#unlink(timer);
      this.#look(timer);
      timer = this.#slots[slot];
    }
  }

  #look(timer: Timer): void {
    if (timer.deadlineMs > this.#now() && timer.deadlineMs !== NEVER) {
      this.#link(timer);
      return;
    }
    this.#count -= 1;
    timer.expire();
  }

  /** Into the slot after the deadline, or as far ahead as there are slots. */
  #link(timer: Timer): void {
    const tick = Math.min(Math.floor(timer.deadlineMs / TICK_MS) + 1, this.#tick + SLOTS - 1);
    const slot = Math.max(tick, this.#tick + 1) % SLOTS;
    const head = this.#slots[slot];
    if (head !== undefined) head.preceding = timer;
    timer.following = head;
    timer.preceding = undefined;
    timer.slot = slot;
    timer.slotMs = tick * TICK_MS;
    this.#slots[slot] = timer;
  }

  #unlink(timer: Timer): void {
    const { preceding, following } = timer;
    if (preceding !== undefined) preceding.following = following;
    else this.#slots[timer.slot] = following;
    if (following !== undefined) following.preceding = preceding;
    timer.preceding = undefined;
    timer.following = undefined;
    timer.slot = -1;
  }
}

/** One deadline, set and moved as often as one likes. Calls `onTimeout` once each time it passes. */
export class Timer {
  /** On the wheel's clock. */
  deadlineMs = NEVER;
  /** The wheel's: where it hangs (-1: nowhere), when that is looked at, and its neighbours there. */
  slot = -1;
  slotMs = 0;
  preceding: Timer | undefined = undefined;
  following: Timer | undefined = undefined;
  readonly #wheel: TimerWheel;
  readonly #onTimeout: () => void;

  constructor(wheel: TimerWheel, onTimeout: () => void) {
    this.#wheel = wheel;
    this.#onTimeout = onTimeout;
  }

  set(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
    if (this.slot !== -1) {
      if (this.slotMs <= deadlineMs + TICK_MS) return;
      this.#wheel.unhang(this);
    }
    this.#wheel.hang(this);
  }

  /** No deadline; cheap, and the timer may be set again. */
  clear(): void {
    this.deadlineMs = NEVER;
  }

  /** For good: nothing refers to it any more. */
  remove(): void {
    this.deadlineMs = NEVER;
    if (this.slot !== -1) this.#wheel.unhang(this);
  }

  /** The wheel's alone. */
  expire(): void {
    if (this.deadlineMs === NEVER) return;
    this.deadlineMs = NEVER;
    this.#onTimeout();
  }
}
