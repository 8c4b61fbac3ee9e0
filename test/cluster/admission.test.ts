import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, suite, test } from 'node:test';
import tls from 'node:tls';
import { CertificateKeeper, type KeeperTiming } from '../../src/admission/certificate-keeper.ts';
import type { CertificatePair } from '../../src/admission/certificate-state.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { ApiWriter } from '../../src/source/kubernetes/api-writer.ts';
import { Credentials } from '../../src/source/kubernetes/credentials.ts';
import { Http1Transport } from '../../src/source/kubernetes/http1-transport.ts';
import { appInNamespace, ingress } from './harness/app.ts';
import { DEPLOY_FOLDER, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { ServicePortal } from './harness/service-portal.ts';

interface WebhookConfiguration {
  readonly webhooks: readonly {
    readonly failurePolicy: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const COMPONENT = join(DEPLOY_FOLDER, '../admission-webhook');
const AUTH = { 'nginx.ingress.kubernetes.io/auth-type': 'basic' };

/** As shipped: the pods of the Deployment, their rights, and the Service by whose name the API server calls. */
const needsOwnCluster =
  process.env['KUBECONFIG'] === undefined
    ? {}
    : { skip: 'runs our image, stands in for kube-proxy' };
suite('admission webhook', needsOwnCluster, () => {
  const shop = { name: 'web', namespace: 'cluster-test-shop' };
  const blog = { name: 'web', namespace: 'cluster-test-blog' };
  const shopIngress = { ...shop, host: 'shop.test', service: 'web' };
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;

  const trust = async (
    name = 'ts-nginx-admission',
  ): Promise<{ bundle: string; failurePolicy: string | undefined }> => {
    const { webhooks } = await cluster.api.get<WebhookConfiguration>(`${CONFIGURATIONS}/${name}`);
    const { caBundle = '' } = webhooks[0]?.clientConfig ?? {};
    const bundle = Buffer.from(caBundle, 'base64').toString();
    return { bundle, failurePolicy: webhooks[0]?.failurePolicy };
  };
  /** kubectl's stderr; warnings alone fail it, too. */
  const stderrOf = async (
    objects: readonly object[],
    ...args: readonly string[]
  ): Promise<string> => {
    try {
      await cluster.kubectl(['apply', '--warnings-as-errors', ...args, '-f', '-'], objects);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const exists = async (name: string, namespace: string): Promise<boolean> => {
    const found = await cluster.kubectl(['-n', namespace, 'get', 'ingress', '-o', 'name']);
    return found.split('\n').includes(`ingress.networking.k8s.io/${name}`);
  };

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await cluster.apply(...appInNamespace(shop), ...appInNamespace(blog));
    await cluster.kubectl(['apply', '--server-side', '--validate=strict', '-k', await overlay()]);
    await cluster.untilRolledOut('ts-nginx', 'ts-nginx');
    const service = await cluster.api.get<{ spec: { clusterIP: string } }>(
      '/api/v1/namespaces/ts-nginx/services/ts-nginx-admission',
    );
    const portal = await ServicePortal.open({
      ...{ api: cluster.api, address: service.spec.clusterIP, port: 443 },
      ...{ namespace: 'ts-nginx', service: 'ts-nginx-admission' },
    });
    cleanup.defer(() => portal.close());
    await eventually('the API server trusts the webhook, and relies on it', async () => {
      assert.equal((await trust()).failurePolicy, 'Fail');
    });
    await eventually('the API server asks it', async () => {
      const bad = ingress({ ...shopIngress, annotations: AUTH });
      assert.match(await stderrOf([bad], '--dry-run=server'), /denied the request/);
    });
  });

  /** A kustomization as a user writes it, with two pods. */
  const overlay = async (): Promise<string> => {
    const folder = join(cluster.folder, 'overlay');
    await mkdir(folder);
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [relative(folder, DEPLOY_FOLDER)],
      components: [relative(folder, COMPONENT)],
    };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return folder;
  };

  after(() => cleanup.disposeAsync());

  test('what is in order is written without a word', async () => {
    assert.equal(await stderrOf([ingress(shopIngress)]), '');
    assert.ok(await exists('web', shop.namespace));
  });

  test("what would be closed is refused, with the finding's sentence on kubectl's stderr", async () => {
    const stderr = await stderrOf([ingress({ ...shopIngress, name: 'bad', annotations: AUTH })]);
    assert.match(
      stderr,
      /admission webhook "validate\.nginx\.ingress\.kubernetes\.io" denied the request: metadata\.annotations\[nginx\.ingress\.kubernetes\.io\/auth-type\]: It guards access and is not honoured yet: all paths of the Ingress answer 503\./,
    );
    assert.equal(await exists('bad', shop.namespace), false);
  });

  test('a change for the worse is refused, and what is there stays', async () => {
    const stderr = await stderrOf([ingress({ ...shopIngress, annotations: AUTH })]);
    assert.match(stderr, /It guards access/);
    assert.equal(await stderrOf([ingress(shopIngress)]), '');
  });

  test('the host and path of another namespace are refused', async () => {
    await eventually('refused once the first one is known', async () => {
      const stderr = await stderrOf([ingress({ ...shopIngress, ...blog })], '--dry-run=server');
      assert.match(
        stderr,
        /The Ingress cluster-test-shop\/web, which goes before, has the path \/ of the host shop\.test/,
      );
    });
  });

  test('what is ignored is a warning, and the object is written', async () => {
    const annotations = { 'nginx.ingress.kubernetes.io/proxy-raed-timeout': '5' };
    const warned = ingress({ ...shopIngress, name: 'warned', host: 'warned.test', annotations });
    const stderr = await stderrOf([warned]);
    assert.match(stderr, /Warning: proxy-raed-timeout: Was proxy-read-timeout meant\?/);
    assert.ok(await exists('warned', shop.namespace));
  });

  test('a dry run is checked, and writes nothing', async () => {
    const fine = ingress({ ...shopIngress, name: 'dry', host: 'dry.test' });
    assert.equal(await stderrOf([fine], '--dry-run=server'), '');
    const bad = ingress({ ...shopIngress, name: 'dry', host: 'dry.test', annotations: AUTH });
    assert.match(await stderrOf([bad], '--dry-run=server'), /It guards access/);
    assert.equal(await exists('dry', shop.namespace), false);
  });

  test('Ingresses of other classes, and deletions, are none of its business', async () => {
    const { spec, ...rest } = ingress({ ...shopIngress, name: 'other', annotations: AUTH }) as {
      spec: object;
    };
    const other = { ...rest, spec: { ...spec, ingressClassName: 'other' } };
    assert.equal(await stderrOf([other]), '');
    await cluster.kubectl(['-n', shop.namespace, 'delete', 'ingress', 'other', 'warned']);
  });

  test('every pod shows a certificate that the API server trusts', async () => {
    const { bundle } = await trust();
    const pods = await addressesOf(cluster);
    assert.equal(pods.length, 2);
    for (const host of pods) {
      await eventually(`${host} shows it`, () => shakeHands(host, bundle));
    }
  });

  test('replicas that rotate through the API server stay trusted at each moment', async (t) => {
    const name = 'rotation-test';
    await cluster.apply({
      ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
      metadata: { name },
      webhooks: [
        {
          ...{ name: 'rotation.ts-nginx.io', sideEffects: 'None', failurePolicy: 'Ignore' },
          admissionReviewVersions: ['v1'],
          clientConfig: { url: 'https://10.244.0.9:8443/' },
        },
      ],
    });
    const clock = { nowMs: Date.now() };
    const replicas = [createReplica(cluster, clock), createReplica(cluster, clock)];
    t.after(() => {
      for (const { keeper } of replicas) keeper.stop();
    });
    const served = new Set<string>();
    const look = async (wantedAuthorities: number): Promise<void> => {
      await Promise.all(replicas.map(({ round }) => round()));
      const { bundle } = await trust(name);
      assert.equal(bundle.match(/BEGIN/g)?.length, wantedAuthorities);
      const shown = replicas.map(({ used }) => used.at(-1));
      assert.equal(shown[0]?.certificate, shown[1]?.certificate);
      served.add(shown[0]?.certificate ?? '');
      assert.ok(createsTrust(bundle, shown[0]));
    };
    await look(1);
    clock.nowMs += 250 * 86_400_000;
    await look(2);
    assert.equal(served.size, 1);
    clock.nowMs += 3_600_000;
    await look(2);
    assert.equal(served.size, 2);
    clock.nowMs += 3_600_000;
    await look(1);
    assert.equal(served.size, 2);
  });
});

async function addressesOf({ api }: Cluster): Promise<string[]> {
  const { items } = await api.get<{ items: { status: { podIP?: string } }[] }>(
    '/api/v1/namespaces/ts-nginx/pods',
  );
  return items.flatMap(({ status }) => status.podIP ?? []);
}

async function shakeHands(host: string, ca: string): Promise<void> {
  const socket = tls.connect({
    host,
    port: 8443,
    ca,
    servername: 'ts-nginx-admission.ts-nginx.svc',
  });
  try {
    await once(socket, 'secureConnect');
  } finally {
    socket.destroy();
  }
}

/** One of several that keep the certificate of one webhook, on a clock of the test's. */
function createReplica({ kubeconfig }: Cluster, clock: { readonly nowMs: number }) {
  const timing: KeeperTiming = {
    ...{ intervalMs: 60_000, overlapMs: 600_000, firstRetryMs: 100, random: Math.random },
    nowMs: () => clock.nowMs,
  };
  const cluster = { kubeconfig, apiserverHost: undefined, certificateAuthority: undefined };
  const transport = new Http1Transport();
  const keeper = new CertificateKeeper(
    {
      ...{ namespace: 'ts-nginx', name: 'rotation-test', configuration: 'rotation-test' },
      ...{ failurePolicy: undefined, timing },
    },
    {
      api: new ApiWriter({ credentials: new Credentials(cluster), transport, timeoutMs: 10_000 }),
      setFindings: () => undefined,
      log: createLogger({ level: 'silent' }),
    },
  );
  const used: CertificatePair[] = [];
  const round = (): Promise<void> =>
    keeper.round((pair) => {
      used.push(pair);
      return Promise.resolve();
    });
  return { keeper, used, round };
}

function createsTrust(bundle: string, pair: CertificatePair | undefined): boolean {
  const certificate = new X509Certificate(pair?.certificate ?? '');
  const authorities = bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
  return authorities.some((pem) => certificate.verify(new X509Certificate(pem).publicKey));
}
