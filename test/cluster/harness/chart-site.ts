import { after, before } from 'node:test';
import { startCluster, type Cluster } from './cluster.ts';
import { CHART, Helm, type Rendered } from './helm.ts';

interface Parts {
  readonly cluster: Cluster;
  readonly helm: Helm;
}

/** A cluster and a helm against it, from before the first test of the suite that makes this until after its last. */
export class ChartSite {
  #parts: Parts | undefined;

  /** `prepare` fills the cluster, which is there from then on. */
  constructor(prepare: (parts: Parts) => Promise<void>) {
    before(async () => {
      const cluster = await startCluster();
      this.#parts = { cluster, helm: new Helm(cluster) };
      await prepare(this.#parts);
    });
    after(() => this.#parts?.cluster.stop());
  }

  get cluster(): Cluster {
    return this.#started().cluster;
  }

  get helm(): Helm {
    return this.#started().helm;
  }

  /** What a chart makes of these values, YAML each, as the release `ingress` in the namespace of that name. */
  render(
    values: readonly string[],
    chart = CHART,
  ): Promise<{ objects: Rendered[]; notes: string }> {
    return this.helm.render({ name: 'ingress', namespace: 'ingress', chart, values });
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new Error('the suite has not begun');
    return this.#parts;
  }
}
