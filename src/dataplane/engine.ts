import type { AccessLog } from '../observability/access-log.ts';
import type { Logger } from '../observability/logger.ts';
import type { WorkerStats } from '../observability/worker-stats.ts';
import type { AnswerFieldsMaker } from './answer-fields.ts';
import type { Clock } from './clock.ts';
import type { FailureLog } from './failure-log.ts';
import type { Pool } from './pool.ts';
import type { Pressure } from './pressure.ts';
import type { Table } from './table.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** What all connections and exchanges of a worker share. */
export interface Engine {
  readonly table: Table;
  readonly pool: Pool;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly answerFields: AnswerFieldsMaker;
  readonly stats: WorkerStats;
  readonly log: Logger;
  readonly failures: FailureLog;
  /** Replaced when its settings change. */
  readonly accessLog: AccessLog;
  /** No exchange begins on a connection that has had one: the worker is about to end. */
  readonly isDraining: boolean;
  readonly pressure: Pressure;
}
