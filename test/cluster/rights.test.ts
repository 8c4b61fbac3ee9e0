import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { appInNamespace, ingress, tlsSecret } from './harness/app.ts';
import { TestAuthority } from './harness/certificate.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import type { Rendered } from './harness/helm.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import { eventsIn } from './harness/reporting.ts';
import { standInPod } from './harness/stand-in-pod.ts';
import type { TsNginx } from './harness/ts-nginx.ts';

interface Role extends Rendered {
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** A verb on a resource that one of the roles grants. */
interface Right {
  readonly kind: string;
  readonly verb: string;
  readonly resource: string;
}

interface Loss {
  /** What the process says in its log when the right is missing. */
  readonly says?: RegExp;
  readonly args?: readonly string[];
  /** The process has the name of a pod. */
  readonly isPod?: true;
  /** The Secret of the webhook is there, with nothing in it. */
  readonly hasEmptySecret?: true;
  /** What is seen, beside the words. */
  readonly look?: (cluster: Cluster) => Promise<void>;
}

const NAMESPACE = 'cluster-test-rights';
const WEBHOOK = join(DEPLOY_FOLDER, '../admission-webhook');
const RBAC = [join(DEPLOY_FOLDER, '10-rbac.yaml'), join(WEBHOOK, '10-rbac.yaml')];
const NODES: Right = { kind: 'ClusterRole', verb: 'get', resource: 'nodes' };

/** What goes wrong without it, where that is not a sentence `does not allow VERB of RESOURCE` in the log. */
const LOSSES: Readonly<Record<string, Loss>> = {
  'get services': {
    says: /does not let us read where we are reached .*services/,
    args: ['--publish-service=ts-nginx/ts-nginx'],
  },
  'list pods': { isPod: true },
  'get nodes': {
    says: /does not let us read where we are reached .*nodes/,
    args: ['--report-node-internal-ip-address'],
    isPod: true,
  },
  'create secrets': forWebhook('create', 'secrets'),
  'get secrets': forWebhook('get', 'secrets'),
  'update secrets': { ...forWebhook('update', 'secrets'), hasEmptySecret: true },
  'get validatingwebhookconfigurations': forWebhook('get', 'validatingwebhookconfigurations'),
  'patch validatingwebhookconfigurations': forWebhook('patch', 'validatingwebhookconfigurations'),
  'patch events': { look: untilEventsPileUp },
};

function forWebhook(verb: string, resource: string): Loss {
  const says = new RegExp(`can't be kept .*cannot ${verb} resource \\W*${resource}`);
  return { says, args: ['--validating-webhook=:8443'] };
}

/** Every right of deploy/kustomize, taken away alone: what is lost is said, and by that each is needed. */
suite('each right is needed', () => {
  const cleanup = new AsyncDisposableStack();
  const authority = new TestAuthority();
  let cluster: Cluster;
  let addresses = 1;

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.kubectl(['apply', '--server-side', '-f', join(WEBHOOK, '30-webhook.yaml')]);
    await cluster.apply(
      ...appInNamespace({ name: 'web', namespace: NAMESPACE }),
      tlsSecret('web-tls', NAMESPACE, authority.issue('rights.test')),
      ingressAt('/'),
    );
  });

  after(() => cleanup.disposeAsync());

  for (const rights of inBatches([...grantedRights(), NODES])) {
    test(rights.map(nameOf).join(', '), async (t) => {
      if (ownControlPlane(t, cluster) === undefined) return; // a real installation may need these rights
      addresses += 1;
      const name = `without-rights-${addresses}`;
      const loss = LOSSES[rights.map(nameOf).join()] ?? {};
      await without(cluster, rights);
      if (loss.hasEmptySecret === true) await cluster.apply(emptySecret());
      if (loss.isPod === true) await cluster.apply(standInPod({ name, namespace: 'ts-nginx' }));
      // Another address each time: there is a status to write.
      const args = [
        '--election-ttl=4s',
        ...(loss.args ?? [`--publish-status-address=10.9.0.${addresses}`]),
      ];
      const address = `10.244.0.${addresses}`;
      const tsNginx = await runTsNginx(cluster, { name, address, args });
      t.after(() => tsNginx.stop());
      await loss.look?.(cluster);
      for (const right of rights) {
        const says = loss.says ?? sentenceOf(right);
        await eventually('the log says so', () => {
          assert.match(tsNginx.child.log(), says);
        });
        await untilNamed(tsNginx, right);
      }
    });
  }
});

function nameOf({ verb, resource }: Right): string {
  return `${verb} ${resource}`;
}

function sentenceOf({ verb, resource }: Right): RegExp {
  return new RegExp(`does not allow ${verb} of ${resource.replace('/', String.raw`\S*/`)}[ .]`);
}

/**
 * Those that are missed one by one, whatever else is missing, are taken away together; each has its own sentence. Secrets are
 * asked for by an Ingress that was read alone.
 */
function inBatches(rights: readonly Right[]): Right[][] {
  const batches = Map.groupBy(rights, (right) => {
    const { verb, resource } = right;
    const isWatching = verb === 'watch' || (verb === 'list' && resource !== 'secrets');
    return isWatching && LOSSES[nameOf(right)] === undefined ? verb : nameOf(right);
  });
  return [...batches.values()];
}

function ingressAt(path: string): object {
  const host = 'rights.test';
  const tlsSecretName = 'web-tls';
  return ingress({
    ...{ name: 'web', namespace: NAMESPACE, host, service: 'web', path },
    tlsSecret: tlsSecretName,
  });
}

function readRoles(): Role[] {
  return RBAC.flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8')))
    .map((document) => document.toJS() as Role)
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
}

function grantedRights(): Right[] {
  return readRoles().flatMap(({ kind, rules }) =>
    rules.flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ kind, verb, resource }))),
    ),
  );
}

/** The roles as they are shipped, less some rights; what the process before has made is gone. */
async function without(cluster: Cluster, rights: readonly Right[]): Promise<void> {
  const files = RBAC.flatMap((file) => ['-f', file]);
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', ...files]);
  const made = ['lease/ts-nginx-leader', 'secret/ts-nginx-admission'];
  await cluster.kubectl(['-n', 'ts-nginx', 'delete', '--ignore-not-found', ...made]);
  for (const { kind, metadata, rules } of readRoles()) {
    const isTaken = (verb: string, resources: readonly string[]): boolean =>
      rights.some((r) => r.kind === kind && r.verb === verb && resources.includes(r.resource));
    const fewer = rules.map((rule) => ({
      ...rule,
      verbs: rule.verbs.filter((verb) => !isTaken(verb, rule.resources)),
    }));
    const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
    const path = `/apis/rbac.authorization.k8s.io/v1${scope}/${kind.toLowerCase()}s/${metadata.name}`;
    await cluster.api.patch(path, { rules: fewer.filter(({ verbs }) => verbs.length > 0) });
  }
}

/** By verb and resource, where an operator looks and where an alert can be made of it. */
async function untilNamed(tsNginx: TsNginx, { verb, resource }: Right): Promise<void> {
  const [base = '', subresource] = resource.split('/');
  const name = `${base}[a-z0-9.]*${subresource === undefined ? '' : `/${subresource}`}`;
  await eventually('/readyz and a metric name it', async () => {
    const { body: state } = await tsNginx.admin('/readyz?verbose');
    assert.match(state, new RegExp(`does not allow ${verb} of ${name}$`, 'm'));
    const { body: metrics } = await tsNginx.admin('/metrics');
    const labels = `verb="${verb}",resource="${name}"`;
    assert.match(metrics, new RegExp(String.raw`^ts_nginx_missing_rights\{${labels}.* 1$`, 'm'));
  });
}

/** Where an event may not be counted on, there is one more each time. */
async function untilEventsPileUp(cluster: Cluster): Promise<void> {
  let change = 0;
  await eventually(
    'two Sync events of one Ingress',
    async () => {
      change += 1;
      await cluster.apply(ingressAt(`/${change}`));
      const events = await eventsIn(cluster.api, NAMESPACE);
      const messages = events
        .filter(({ reason }) => reason === 'Sync')
        .map(({ message }) => message);
      assert.ok(new Set(messages).size < messages.length, messages.join(', '));
    },
    { everyMs: 500 },
  );
}

function emptySecret(): object {
  const metadata = { name: 'ts-nginx-admission', namespace: 'ts-nginx' };
  return { apiVersion: 'v1', kind: 'Secret', metadata };
}
