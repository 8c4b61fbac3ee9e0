import assert from 'node:assert/strict';
import { appDeployment, appService, TEST_LABEL } from '../cluster/harness/app.ts';
import { readyAddresses } from '../cluster/harness/balanced-load.ts';
import { TestAuthority } from '../cluster/harness/certificate.ts';
import type { Cluster } from '../cluster/harness/cluster.ts';
import type { Echo } from '../cluster/harness/echo-server.ts';
import { eventually } from '../cluster/harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from '../cluster/harness/install.ts';
import { addressesOf, ingressesPath } from '../cluster/harness/reporting.ts';
import type { TsNginx } from '../cluster/harness/ts-nginx.ts';
import { request, type Answer, type Target } from '../cluster/harness/wire.ts';

/**
 * What conformance is tested with: plain requests for hosts that have a certificate are answered, not sent to TLS, and
 * answers have a `Server` field. The API's documentation, and the official suite, expect both.
 */
export const SETTINGS = { 'ssl-redirect': 'false', 'server-tokens': 'true' } as const;
export const CLASS = 'ts-nginx';
/** Of ts-nginx in our own cluster, where the address that it publishes is the one that it listens on. */
export const ADDRESS = '10.244.0.2';

/** `spec` of an Ingress; its class is ours unless it says otherwise, or names none by `null`. */
export interface IngressSpec {
  readonly ingressClassName?: string | null;
  readonly defaultBackend?: object;
  readonly tls?: readonly object[];
  readonly rules?: readonly object[];
}

/** Beside the name. */
export interface IngressExtras {
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Question extends Pick<Target, 'method' | 'headers' | 'agent'> {
  readonly url: string;
}

/** A cluster in which ts-nginx serves, and one namespace of it for each feature. */
export class Site {
  readonly cluster: Cluster;
  readonly tsNginx: TsNginx;
  readonly authority: TestAuthority;
  readonly namespace: string;

  private constructor(parts: Pick<Site, 'cluster' | 'tsNginx' | 'authority' | 'namespace'>) {
    this.cluster = parts.cluster;
    this.tsNginx = parts.tsNginx;
    this.authority = parts.authority;
    this.namespace = parts.namespace;
  }

  /** Resolves when ts-nginx is ready. */
  static async start(cluster: Cluster): Promise<Site> {
    await installWithoutDeployment(cluster);
    const settings = '/api/v1/namespaces/ts-nginx/configmaps/ts-nginx';
    await cluster.api.patch(settings, { data: SETTINGS });
    const args = [`--publish-status-address=${ADDRESS}`, '--election-ttl=4s'];
    const tsNginx = await runTsNginx(cluster, { address: ADDRESS, args });
    await tsNginx.untilReady();
    return new Site({ cluster, tsNginx, authority: new TestAuthority(), namespace: 'default' });
  }

  stop(): Promise<void> {
    return this.tsNginx.stop();
  }

  /** In a new namespace, with a Service and a ready pod for each of `services`, on port 8080. */
  async inNamespace(namespace: string, services: readonly string[]): Promise<Site> {
    const { cluster, tsNginx, authority } = this;
    const metadata = { name: namespace, labels: { [TEST_LABEL]: 'true' } };
    const service = { ports: [{ name: 'http', port: 8080, targetPort: 'http' }] };
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      ...services.flatMap((name) => [
        appDeployment({ name, namespace }),
        appService({ name, namespace, service: { ...service, selector: { app: name } } }),
      ]),
    );
    const site = new Site({ cluster, tsNginx, authority, namespace });
    for (const name of services) await site.untilEndpoints(name, 1);
    return site;
  }

  untilEndpoints(service: string, count: number): Promise<readonly string[]> {
    return eventually(
      `${service} has ${count} endpoints`,
      async () => {
        const addresses = await readyAddresses(this.cluster.api, this.namespace, service);
        assert.equal(addresses.length, count);
        return addresses;
      },
      { withinMs: 60_000 },
    );
  }

  async scale(deployment: string, replicas: number): Promise<readonly string[]> {
    const target = ['-n', this.namespace, 'scale', `deployment/${deployment}`];
    await this.cluster.kubectl([...target, `--replicas=${replicas}`]);
    return this.untilEndpoints(deployment, replicas);
  }

  async apply(name: string, spec: IngressSpec, extras: IngressExtras = {}): Promise<void> {
    const { ingressClassName = CLASS, ...rest } = spec;
    await this.cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name, namespace: this.namespace, ...extras },
      spec: { ...(ingressClassName === null ? {} : { ingressClassName }), ...rest },
    });
  }

  /** The Ingress has an address; from then on it is served, without another wait. */
  untilExposed(name: string): Promise<void> {
    return eventually(`${name} shows where it is exposed`, async () => {
      assert.deepEqual(await this.addresses(name), [ADDRESS]);
    });
  }

  addresses(name: string): Promise<readonly string[]> {
    return addressesOf(this.cluster.api, this.namespace, name);
  }

  /** Removes all Ingresses of the namespace; `url` is what one of them served. */
  async clear(url: string): Promise<void> {
    await this.cluster.kubectl(['-n', this.namespace, 'delete', 'ingress', '--all']);
    await eventually('nothing is served', () => this.assertNotFound({ url }));
  }

  delete(name: string): Promise<void> {
    return this.cluster.api.delete(ingressesPath(this.namespace, name));
  }

  /** One try. Over TLS the certificate must be of our authority and for the host. */
  ask({ url, ...rest }: Question): Promise<Answer> {
    const { protocol, hostname, pathname, search } = new URL(url);
    const path = pathname + search;
    const target =
      protocol === 'https:'
        ? this.tsNginx.https(hostname, this.authority.pem, path)
        : this.tsNginx.http(hostname, path);
    return request({ ...target, ...rest });
  }

  /** Answered by `service`, which got path and host as they were sent. One try. */
  async assertServed(question: Question, service: string): Promise<{ answer: Answer; echo: Echo }> {
    const answer = await this.ask(question);
    assert.equal(answer.status, 200, answer.body);
    const echo = JSON.parse(answer.body) as Echo;
    const { hostname, pathname, search } = new URL(question.url);
    const got = { service: echo.service, host: echo.host, path: echo.path };
    assert.deepEqual(got, { service, host: hostname, path: pathname + search });
    return { answer, echo };
  }

  /** For what no status tells: a change of an Ingress that is exposed already. */
  async untilServed(question: Question, service: string): Promise<void> {
    await eventually(`${service} serves ${question.url}`, () =>
      this.assertServed(question, service),
    );
  }

  async assertNotFound(question: Question): Promise<void> {
    const { status, body } = await this.ask(question);
    assert.equal(status, 404, body);
  }
}
