import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { CertificateKeeper, type KeeperTiming } from '../../src/admission/certificate-keeper.ts';
import type { CertificatePair } from '../../src/admission/certificate-state.ts';
import type { JsonObject } from '../../src/admission/json-object.ts';
import type { Finding } from '../../src/model/finding.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { ApiError } from '../../src/source/kubernetes/api-error.ts';
import type { ObjectApi } from '../../src/source/kubernetes/api-writer.ts';

const DAY_MS = 86_400_000;
const SECRET = '/api/v1/namespaces/ts-nginx/secrets';
const CONFIGURATION =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/ts-nginx-admission';

interface Stored {
  metadata: { resourceVersion: string; [field: string]: unknown };
  data?: Record<string, string>;
  webhooks?: { failurePolicy: string; clientConfig: { caBundle?: string } }[];
}

/** Objects with versions, as an API server keeps them: nobody overwrites what he has not seen. */
class FakeApi implements ObjectApi {
  readonly objects = new Map<string, Stored>();
  readonly writes: string[] = [];
  readonly forbidden = new Set<string>();
  #version = 0;

  async get(path: string): Promise<JsonObject> {
    await this.#ask('get', path);
    const object = this.objects.get(path);
    if (object === undefined) throw new ApiError(404, 'not found');
    return structuredClone(object) as unknown as JsonObject;
  }

  async create(path: string, object: JsonObject): Promise<JsonObject> {
    await this.#ask('create', path);
    const { name } = object['metadata'] as { name: string };
    if (this.objects.has(`${path}/${name}`)) throw new ApiError(409, 'already exists');
    return this.put(`${path}/${name}`, object);
  }

  async replace(path: string, object: JsonObject): Promise<JsonObject> {
    await this.#ask('update', path);
    this.#assertNewest(path, object);
    return this.put(path, object);
  }

  async merge(path: string, change: JsonObject): Promise<JsonObject> {
    await this.#ask('patch', path);
    this.#assertNewest(path, change);
    const { metadata: _, ...fields } = change;
    assert.notEqual(_, undefined);
    return this.put(path, { ...(this.objects.get(path) as unknown as JsonObject), ...fields });
  }

  put(path: string, object: JsonObject): JsonObject {
    this.#version += 1;
    const metadata = { ...(object['metadata'] as object), resourceVersion: String(this.#version) };
    const stored = structuredClone({ ...object, metadata }) as unknown as Stored;
    this.objects.set(path, stored);
    this.writes.push(path);
    return stored as unknown as JsonObject;
  }

  /** Another request may come in between. */
  async #ask(verb: string, path: string): Promise<void> {
    await new Promise(setImmediate);
    if (this.forbidden.has(`${verb} ${path}`)) throw new ApiError(403, `no right to ${verb}`);
  }

  #assertNewest(path: string, object: JsonObject): void {
    const { resourceVersion } = object['metadata'] as { resourceVersion?: string };
    const now = this.objects.get(path)?.metadata.resourceVersion;
    if (resourceVersion !== now) throw new ApiError(409, 'the object has been modified');
  }
}

function createCluster() {
  const api = new FakeApi();
  const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
  const timing: KeeperTiming = {
    ...{ intervalMs: 60_000, overlapMs: 600_000, firstRetryMs: 1, random: Math.random },
    nowMs: () => clock.nowMs,
  };
  const clientConfig = { service: { name: 'hook', namespace: 'ts-nginx', port: 443 } };
  api.put(CONFIGURATION, {
    metadata: { name: 'ts-nginx-admission' },
    webhooks: [{ name: 'validate', failurePolicy: 'Ignore', clientConfig }],
  });
  api.writes.length = 0;
  const replica = () => {
    const used: CertificatePair[] = [];
    const findings: Finding[] = [];
    const keeper = new CertificateKeeper(
      {
        ...{ namespace: 'ts-nginx', name: 'ts-nginx-admission' },
        ...{ configuration: 'ts-nginx-admission', failurePolicy: 'Fail', timing },
      },
      {
        api,
        setFindings: (now) => void findings.splice(0, findings.length, ...now),
        log: createLogger({ level: 'silent' }),
      },
    );
    const round = (): Promise<void> =>
      keeper.round((pair) => {
        used.push(pair);
        return Promise.resolve();
      });
    return { keeper, used, findings, round };
  };
  const bundle = (): string => {
    const { webhooks } = api.objects.get(CONFIGURATION) ?? {};
    return Buffer.from(webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString();
  };
  return { api, clock, replica, bundle };
}

/** Whether a client that trusts this bundle takes the certificate for the webhook's. */
function isTrusted(bundle: string, pair: CertificatePair | undefined): boolean {
  const certificate = new X509Certificate(pair?.certificate ?? '');
  const authorities = bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
  return (
    certificate.checkHost('hook.ts-nginx.svc') !== undefined &&
    authorities.some((pem) => certificate.verify(new X509Certificate(pem).publicKey))
  );
}

suite('certificate keeper', () => {
  test('makes a certificate for the names that the configuration calls, serves it, then has it trusted', async () => {
    const { api, replica, bundle } = createCluster();
    const { round, used } = replica();
    await round();
    assert.equal(used.length, 1);
    assert.ok(isTrusted(bundle(), used[0]));
    assert.equal(api.objects.get(CONFIGURATION)?.webhooks?.[0]?.failurePolicy, 'Fail');
    const { data = {} } = api.objects.get(`${SECRET}/ts-nginx-admission`) ?? {};
    assert.deepEqual(Object.keys(data).sort(), ['ca', 'cert', 'key']);
    api.writes.length = 0;
    await round();
    assert.deepEqual(api.writes, [], 'nothing is written when all is in order');
  });

  test('replicas that start together serve one certificate', async () => {
    const { replica, bundle } = createCluster();
    const replicas = [replica(), replica(), replica()];
    await Promise.all(replicas.map(({ round }) => round()));
    const served = replicas.map(({ used }) => used.at(-1)?.certificate);
    assert.equal(new Set(served).size, 1);
    for (const { used } of replicas) assert.ok(isTrusted(bundle(), used.at(-1)));
  });

  test('a rotation by several replicas is trusted at each moment', async () => {
    const { clock, replica, bundle } = createCluster();
    const replicas = [replica(), replica()];
    const [first] = replicas;
    const seen = new Set<string>();
    const look = async (): Promise<void> => {
      await Promise.all(replicas.map(({ round }) => round()));
      for (const { used } of replicas) {
        const pair = used.at(-1);
        seen.add(pair?.certificate ?? '');
        assert.ok(isTrusted(bundle(), pair));
      }
    };
    await look();
    clock.nowMs += 250 * DAY_MS;
    await look();
    assert.equal(bundle().match(/BEGIN/g)?.length, 2, 'both are trusted');
    assert.equal(seen.size, 1, 'and the old one is served');
    clock.nowMs += 660_000;
    // The last to hear of it serves the old one for a while.
    await first?.round();
    for (const { used } of replicas) assert.ok(isTrusted(bundle(), used.at(-1)));
    await look();
    assert.equal(seen.size, 2, 'the new one is served');
    clock.nowMs += 660_000;
    await look();
    assert.equal(bundle().match(/BEGIN/g)?.length, 1, 'the old one is forgotten');
    assert.equal(seen.size, 2);
  });

  test('what others do to the configuration is put right', async () => {
    const { api, replica, bundle } = createCluster();
    const { round, used } = replica();
    await round();
    const { webhooks: _, ...rest } = api.objects.get(CONFIGURATION) ?? assert.fail();
    assert.ok(_);
    const clientConfig = { service: { name: 'hook', namespace: 'ts-nginx' } };
    api.put(CONFIGURATION, { ...rest, webhooks: [{ name: 'v', clientConfig }] });
    await round();
    assert.ok(isTrusted(bundle(), used.at(-1)));
    assert.equal(used.length, 1);
  });

  test('a renamed Service gets a certificate at once', async () => {
    const { api, replica, bundle } = createCluster();
    const { round, used } = replica();
    await round();
    const { webhooks: _, ...rest } = api.objects.get(CONFIGURATION) ?? assert.fail();
    assert.ok(_);
    const clientConfig = { service: { name: 'renamed', namespace: 'ts-nginx' } };
    api.put(CONFIGURATION, { ...rest, webhooks: [{ name: 'v', clientConfig }] });
    await round();
    assert.equal(used.length, 2);
    const now = new X509Certificate(used[1]?.certificate ?? '');
    assert.equal(now.checkHost('renamed.ts-nginx.svc'), 'renamed.ts-nginx.svc');
    assert.equal(bundle().match(/BEGIN/g)?.length, 2, 'replicas may serve the old one');
  });

  test("ingress-nginx's Secret is taken over as it is, and keys of others stay", async () => {
    const { api, replica } = createCluster();
    await replica().round();
    const path = `${SECRET}/ts-nginx-admission`;
    const { data = {} } = api.objects.get(path) ?? {};
    api.put(path, {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
      metadata: { name: 'ts-nginx-admission', labels: { app: 'ingress-nginx' } },
      data: { ...data, other: 'eA==' },
    });
    api.writes.length = 0;
    const next = replica();
    await next.round();
    assert.equal(next.used[0]?.certificate, Buffer.from(data['cert'] ?? '', 'base64').toString());
    assert.deepEqual(api.writes, []);
  });

  test('without the right to read the configuration the Secret that is there is served', async () => {
    const { api, replica } = createCluster();
    await replica().round();
    api.forbidden.add(`get ${CONFIGURATION}`);
    const next = replica();
    await assert.rejects(next.round(), { status: 403 });
    assert.equal(next.used.length, 1);
  });

  test('without a right the finding names it, and goes when the right is there', async (t) => {
    const { api, replica } = createCluster();
    const { keeper, findings } = replica();
    api.forbidden.add(`create ${SECRET}`);
    const served = Promise.withResolvers<undefined>();
    t.after(() => {
      keeper.stop();
    });
    keeper.start(() => {
      served.resolve(undefined);
      return Promise.resolve();
    });
    while (findings.length === 0) await new Promise(setImmediate);
    assert.equal(findings[0]?.code, 'write-forbidden');
    assert.match(findings[0].message, /no right to create.*Secret ts-nginx\/ts-nginx-admission/s);
    api.forbidden.clear();
    await served.promise;
    while (findings.length > 0) await new Promise(setImmediate);
  });
});
