import type { ConfigDelta } from '../model/delta.ts';
import type { AccessLogSettings } from '../model/settings.ts';
import type { AccessLog } from '../observability/access-log.ts';
import type { Logger } from '../observability/logger.ts';
import type { WorkerStats } from '../observability/worker-stats.ts';

export interface DataPlaneOptions {
  /** Address to listen on. */
  readonly bind: string;
  /** Share the ports with other workers. */
  readonly reusePort: boolean;
}

/** 0: any free one. */
export interface ListenPorts {
  readonly httpPort: number | 'off';
  readonly httpsPort: number | 'off';
}

export interface BoundPorts {
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
}

export interface DataPlaneDependencies {
  readonly log: Logger;
  readonly stats: WorkerStats;
  readonly accessLogFor: (settings: AccessLogSettings) => AccessLog;
}

/** One worker's proxy: everything from the bound ports to the endpoints. */
export class DataPlane {
  constructor(options: DataPlaneOptions, dependencies: DataPlaneDependencies) {
    void options;
    void dependencies;
  }

  /** One synchronous step; exchanges and connections that are under way are not touched. Throws where it can't be compiled: the old config serves on. */
  apply(delta: ConfigDelta): void {
    void delta;
  }

  /** Rejects when a port can't be bound. */
  listen(ports: ListenPorts): Promise<BoundPorts> {
    void ports;
    return Promise.reject(new Error('not yet'));
  }

  /** Accepts nothing more, closes what is idle, says `Connection: close`; resolves when the last exchange ended. */
  drain(): Promise<void> {
    return Promise.resolve();
  }

  /** Cuts everything. */
  destroy(): void {
    // nothing yet
  }
}
