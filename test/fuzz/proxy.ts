/** The data plane under fire, in this process. */
import { DataPlane } from '../../src/dataplane/data-plane.ts';
import type { Cluster, Endpoint } from '../../src/model/config.ts';
import { diffConfig } from '../../src/model/delta.ts';
import { WorkerStats } from '../../src/observability/worker-stats.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { buildConfig } from '../blackbox/harness/start-proxy.ts';

export interface FuzzedProxy {
  readonly port: number;
  /** What it logged as errors so far: its own defects. */
  takeErrors(): string[];
  inFlight(): number;
  destroy(): void;
}

export async function startFuzzedProxy(
  endpoint: Endpoint,
  protocol: Cluster['protocol'] = 'http',
): Promise<FuzzedProxy> {
  const { log, lines } = createRecordingLog();
  const stats = new WorkerStats();
  const dataPlane = new DataPlane(
    { bind: '127.0.0.1', reusePort: false },
    {
      log,
      stats,
      accessLogFor: () => ({
        write: () => undefined,
        flush: () => undefined,
        close: () => Promise.resolve(),
      }),
    },
  );
  const config = buildConfig({
    upstreams: [endpoint],
    protocol,
    virtualHosts: [{ name: 'app.test', routes: [{ retry: { attempts: 1 } }] }],
    settings: { client: { maxConnections: 100_000 } },
  });
  dataPlane.apply(diffConfig(undefined, config, 1));
  const { httpPort = 0 } = await dataPlane.listen({ httpPort: 0, httpsPort: 'off' });
  let read = 0;
  return {
    port: httpPort,
    takeErrors() {
      const errors = lines.slice(read).filter(({ level }) => level === 'error');
      read = lines.length;
      return errors.map(({ message, fields }) => `${message} ${inspectError(fields)}`);
    },
    inFlight: () => stats.take().exchangesInFlight,
    destroy: () => {
      dataPlane.destroy();
    },
  };
}

function inspectError(fields: unknown): string {
  const { err } = fields as { readonly err?: unknown };
  return err instanceof Error ? (err.stack ?? err.message) : JSON.stringify(fields);
}
