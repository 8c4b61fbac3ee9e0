import { after, before } from 'node:test';
import { TestAuthority } from './certificate.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { installWithoutDeployment, runTsNginx, type RunOptions } from './install.ts';
import { SteadyLoad } from './steady-load.ts';
import type { TsNginx } from './ts-nginx.ts';

interface Parts {
  readonly cluster: Cluster;
  readonly tsNginx: TsNginx;
  readonly steady: SteadyLoad;
}

export interface SteadySiteOptions {
  /** Fills the cluster before ts-nginx starts. */
  readonly prepare: (cluster: Cluster) => Promise<void>;
  readonly run?: RunOptions;
}

/**
 * A cluster with a ts-nginx under a steady load, which must not notice what the tests do: from before the first test of the
 * suite that makes this until after its last.
 */
export class SteadySite {
  readonly authority = new TestAuthority();
  readonly #cleanup = new AsyncDisposableStack();
  #parts: Parts | undefined;

  constructor({ prepare, run }: SteadySiteOptions) {
    before(async () => {
      const cluster = await startCluster();
      this.#cleanup.defer(() => cluster.stop());
      await installWithoutDeployment(cluster);
      await SteadyLoad.install(cluster, this.authority);
      await prepare(cluster);
      const tsNginx = await this.#run(cluster, run);
      const steady = SteadyLoad.start(tsNginx, this.authority);
      this.#cleanup.defer(() => steady.stop());
      this.#parts = { cluster, tsNginx, steady };
    });
    after(() => this.#cleanup.disposeAsync());
  }

  get cluster(): Cluster {
    return this.#started().cluster;
  }

  get tsNginx(): TsNginx {
    return this.#started().tsNginx;
  }

  get steady(): SteadyLoad {
    return this.#started().steady;
  }

  /** One more ts-nginx, which is ready. */
  runAnother(options: RunOptions): Promise<TsNginx> {
    return this.#run(this.cluster, options);
  }

  async #run(cluster: Cluster, options: RunOptions | undefined): Promise<TsNginx> {
    const tsNginx = await runTsNginx(cluster, options);
    this.#cleanup.defer(() => tsNginx.stop());
    await tsNginx.untilReady();
    return tsNginx;
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the suite has not begun');
    return this.#parts;
  }
}
