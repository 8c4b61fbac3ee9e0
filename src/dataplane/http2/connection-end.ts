import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { Timer, type TimerWheel } from '../timer-wheel.ts';
import type { FrameOutput } from './frame-output.ts';
import { Flag, LARGEST_STREAM_ID, writeGoaway, writePing, type ErrorCode } from './frames.ts';

/** How long a peer may take to answer the PING after the first GOAWAY, and to close after the last. */
const NOTICE_MS = 500;
const LINGER_MS = 5_000;
const PING = Buffer.from('shutdown', 'latin1');

export interface EndHome {
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly socket: Socket;
  readonly output: FrameOutput;
  /** The peer has had its time to hear of the end. */
  onNoticed(): void;
  /** That threw. */
  onDefect(error: unknown): void;
}

/**
 * How far a connection is on its way to its end. A peer is first told that it comes, with a PING behind that; what it sent
 * before it answers is still taken (RFC 9113 §6.8), so that no request is lost or refused.
 */
export class ConnectionEnd {
  /** `notice`: no new streams are wanted; `last`: none is taken; `over`: nothing is read. */
  phase: 'open' | 'notice' | 'last' | 'over' = 'open';
  hasPeerGoneAway = false;
  hasPeerEnded = false;
  /** What the last GOAWAY said, which a further one may not exceed. */
  #lastStreamId = LARGEST_STREAM_ID;
  readonly #home: EndHome;
  /** Undefined: the end was not yet thought of. */
  #timer: Timer | undefined = undefined;

  constructor(home: EndHome) {
    this.#home = home;
  }

  /** Neither side wants to end. */
  get isOpen(): boolean {
    return this.phase === 'open' && !this.hasPeerGoneAway && !this.hasPeerEnded;
  }

  /** Nothing new is to come: it ends with the last stream. */
  get isNear(): boolean {
    return this.phase === 'last' || this.hasPeerGoneAway || this.hasPeerEnded;
  }

  notice(code: ErrorCode): void {
    const { output, clock } = this.#home;
    this.phase = 'notice';
    writeGoaway(output.frames, LARGEST_STREAM_ID, code);
    writePing(output.frames, Flag.None, PING);
    output.schedule();
    this.#wait(clock.nowMs + NOTICE_MS);
  }

  /** Whether an answered PING is that of `notice`. */
  isNoticed(payload: Buffer, start: number): boolean {
    return this.phase === 'notice' && payload.compare(PING, 0, 8, start, start + 8) === 0;
  }

  goAway(lastStreamId: number, code: ErrorCode): void {
    const { output } = this.#home;
    this.phase = 'last';
    this.#timer?.clear();
    this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId);
    writeGoaway(output.frames, this.#lastStreamId, code);
    output.schedule();
  }

  /** All is said: what is gathered leaves, and the peer gets a moment to close. */
  over(): void {
    const { output, clock, socket } = this.#home;
    this.phase = 'over';
    output.flush();
    // What waits for a slow peer has the time that frames have to leave; that of the farewell begins behind it.
    if (socket.writableLength > 0) {
      this.#timer?.clear();
      socket.once('finish', this.#onFinish);
    } else this.#wait(clock.nowMs + LINGER_MS);
    socket.end();
  }

  closed(): void {
    this.phase = 'over';
    this.#timer?.remove();
  }

  readonly #onFinish = (): void => {
    const { clock } = this.#home;
    clock.update();
    this.#wait(clock.nowMs + LINGER_MS);
  };

  #wait(untilMs: number): void {
    this.#timer ??= new Timer(this.#home.wheel, () => {
      this.#onTimeout();
    });
    this.#timer.set(untilMs);
  }

  #onTimeout(): void {
    const home = this.#home;
    const { clock, socket } = home;
    clock.update();
    try {
      if (this.phase === 'notice') home.onNoticed();
      else if (this.phase === 'over') socket.destroy();
    } catch (error) {
      home.onDefect(error);
    }
  }
}
