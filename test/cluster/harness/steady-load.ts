import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { appInNamespace, ingress, tlsSecret } from './app.ts';
import type { TestAuthority } from './certificate.ts';
import type { Cluster } from './cluster.ts';
import { KeepAliveLoad } from './load.ts';
import type { TsNginx } from './ts-nginx.ts';

const APP = { name: 'steady', namespace: 'cluster-test-steady', replicas: 2 };
const HOST = 'steady.test';
const PACE = { connections: 8, pauseMs: 180 };

/** An app of two pods, with an Ingress and a certificate that nobody touches: what must not notice what a test does. */
export class SteadyLoad {
  static readonly namespace = APP.namespace;
  static readonly secret = 'steady-tls';
  readonly #loads: readonly KeepAliveLoad[];

  private constructor(loads: readonly KeepAliveLoad[]) {
    this.#loads = loads;
  }

  /** Resolves when its pods are ready. */
  static async install(cluster: Cluster, authority: TestAuthority): Promise<void> {
    const secret = tlsSecret(this.secret, APP.namespace, authority.issue(HOST));
    const { name, namespace } = APP;
    await cluster.apply(
      ...appInNamespace(APP),
      secret,
      ingress({ name, namespace, host: HOST, service: name, tlsSecret: this.secret }),
    );
    await cluster.untilRolledOut(name, namespace);
  }

  /**
   * Keeps connections busy, plain and TLS, until `stop`. So gently that none reaches the 1,000 requests after which it is
   * closed anyway (`keep-alive-requests`) in less than 3 minutes.
   */
  static start(tsNginx: TsNginx, authority: TestAuthority): SteadyLoad {
    return new SteadyLoad([
      new KeepAliveLoad(tsNginx.http(HOST, '/load'), PACE),
      new KeepAliveLoad(tsNginx.https(HOST, authority.pem, '/load'), PACE),
    ]);
  }

  /** Harmless when repeated. */
  async stop(): Promise<void> {
    for (const load of this.#loads) await load.stop();
  }

  async assertUndisturbed(t: TestContext, leastRequests: number): Promise<void> {
    for (const load of this.#loads) {
      const { requests, failures, closedConnections } = await load.stop();
      t.diagnostic(`${requests} requests on kept connections`);
      assert.ok(requests >= leastRequests, `only ${requests} requests were made`);
      assert.deepEqual([...failures], []);
      assert.equal(closedConnections, 0);
    }
  }
}
