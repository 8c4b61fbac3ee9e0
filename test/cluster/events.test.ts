import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { appInNamespace, ingress } from './harness/app.ts';
import type { AuditEvent } from './harness/audit.ts';
import { DEPLOY_FOLDER, ownControlPlane, startCluster, type Cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { installWithoutDeployment, runTsNginx } from './harness/install.ts';
import {
  createIngresses,
  eventsIn,
  ingressesPath,
  isLeader,
  metric,
  type EventObject,
} from './harness/reporting.ts';
import type { TsNginx } from './harness/ts-nginx.ts';
import { request } from './harness/wire.ts';

const APP = { name: 'web', namespace: 'cluster-test-events' };
const CROWD = { ...APP, namespace: 'cluster-test-crowd' };
const BAD_BODY_SIZE = { 'nginx.ingress.kubernetes.io/proxy-body-size': 'plenty' };
const BAD = 300;
/** As src/source/kubernetes/events/event-recorder.ts has them: in a second, at once, and under way. */
const MOST_A_SECOND = 10 + 50 + 4;

/** Findings as events, written with exactly the rights of deploy/. */
suite('events', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let tsNginx: TsNginx;

  const start = async (name: string): Promise<TsNginx> => {
    const started = await runTsNginx(cluster, {
      name,
      args: ['--publish-status-address=192.0.2.1', '--election-ttl=5s'],
    });
    await started.untilReady();
    await eventually('it leads', async () => {
      assert.ok(await isLeader(started));
    });
    return started;
  };
  const eventsOf = async (name: string): Promise<readonly EventObject[]> =>
    (await eventsIn(cluster.api, APP.namespace)).filter(
      ({ involvedObject }) => involvedObject.name === name,
    );
  const reasonsOf = async (name: string): Promise<string[]> =>
    (await eventsOf(name)).map(({ type, reason, count }) => `${type} ${reason} ${count}`).sort();

  before(async () => {
    cluster = await startCluster();
    cleanup.defer(() => cluster.stop());
    await installWithoutDeployment(cluster);
    await cluster.apply(...appInNamespace(APP), ...appInNamespace(CROWD));
    await cluster.untilRolledOut(APP.name, APP.namespace);
    tsNginx = await start('events');
    cleanup.defer(() => tsNginx.stop());
  });

  after(() => cleanup.disposeAsync());

  test('an Ingress that is right has one that says it was seen', async () => {
    const { name: service, namespace } = APP;
    await cluster.apply(ingress({ name: 'good', namespace, host: 'good.test', service }));
    await eventually('the event', async () => {
      assert.deepEqual(await reasonsOf('good'), ['Normal Sync 1']);
    });
  });

  test('one with a value that does not parse has another, where `kubectl describe` looks', async () => {
    const { name: service, namespace } = APP;
    const annotations = BAD_BODY_SIZE;
    await cluster.apply(
      ingress({ name: 'bad', namespace, host: 'bad.test', service, annotations }),
    );
    await eventually('the events', async () => {
      assert.deepEqual(await reasonsOf('bad'), [
        'Normal Sync 1',
        'Warning AnnotationParsingFailed 1',
      ]);
    });
    const described = await cluster.kubectl(['-n', namespace, 'describe', 'ingress', 'bad']);
    assert.match(described, /AnnotationParsingFailed .*proxy-body-size.*plenty/);
  });

  test('one that is refused as a whole is told so', async () => {
    const { name: service, namespace } = APP;
    const path = '/x/etc/passwd';
    await cluster.apply(ingress({ name: 'evil', namespace, host: 'evil.test', path, service }));
    await eventually('the event', async () => {
      assert.deepEqual(await reasonsOf('evil'), ['Normal Sync 1', 'Warning Rejected 1']);
    });
  });

  test('what still stands after a change is not told again, what comes back counts on', async () => {
    const path = ingressesPath(APP.namespace, 'bad');
    const annotate = (value: string): Promise<void> =>
      cluster.api.patch(path, {
        metadata: { annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': value } },
      });
    await cluster.api.patch(path, { metadata: { annotations: { 'example.test/changed': 'yes' } } });
    await eventually('the change was seen', async () => {
      assert.deepEqual(await reasonsOf('bad'), [
        'Normal Sync 2',
        'Warning AnnotationParsingFailed 1',
      ]);
    });
    await annotate('lots');
    await eventually('another one', async () => {
      assert.deepEqual(await reasonsOf('bad'), [
        'Normal Sync 3',
        'Warning AnnotationParsingFailed 1',
        'Warning AnnotationParsingFailed 1',
      ]);
    });
    await annotate('plenty');
    await eventually('the same event counts on', async () => {
      assert.deepEqual(await reasonsOf('bad'), [
        'Normal Sync 4',
        'Warning AnnotationParsingFailed 1',
        'Warning AnnotationParsingFailed 2',
      ]);
    });
  });

  test('a restart repeats nothing', async () => {
    const before = await eventsIn(cluster.api, APP.namespace);
    await tsNginx.stop();
    tsNginx = await start('events-again');
    await eventually('it has told all it has to tell', async () => {
      const sent = await metric(tsNginx, /^ts_nginx_events_total\{.*result="sent"/);
      assert.ok((sent ?? 0) >= before.length);
    });
    assert.deepEqual(await eventsIn(cluster.api, APP.namespace), before);
  });

  test(`${BAD} bad Ingresses at once make no storm, and each is told in the end`, async (t) => {
    const plane = ownControlPlane(t, cluster);
    if (plane === undefined) return;
    const { name: service, namespace } = CROWD;
    const names = Array.from({ length: BAD }, (_, index) => `bad-${index}`);
    await createIngresses(cluster.api, names, { namespace, service, annotations: BAD_BODY_SIZE });
    await eventually(
      'each has its warning',
      async () => {
        const events = await eventsIn(cluster.api, namespace);
        assert.equal(events.filter(({ type }) => type === 'Warning').length, BAD);
      },
      { withinMs: 60_000, everyMs: 1_000 },
    );
    const writes = await eventWrites(plane.auditLog);
    const most = Math.max(...writes.map((at) => countWithin(writes, at, at + 1_000)));
    t.diagnostic(`at most ${most} events in any second`);
    assert.ok(most <= MOST_A_SECOND, `${most} events in a second`);
  });

  test('a right that is missing is named once, and traffic does not mind', async (t) => {
    if (ownControlPlane(t, cluster) === undefined) return;
    await forbidEvents(cluster);
    const { name: service, namespace } = APP;
    const annotations = BAD_BODY_SIZE;
    for (const name of ['one', 'two', 'three']) {
      await cluster.apply(ingress({ name, namespace, host: `${name}.test`, service, annotations }));
    }
    await eventually('the finding', () => {
      assert.match(tsNginx.child.log(), /does not allow create of events in namespace/);
    });
    await eventually('it is served', async () => {
      assert.equal((await request(tsNginx.http('three.test'))).status, 200);
    });
    await delay(1_000); // for those that would say it again
    const lines = tsNginx.child.log().split('\n');
    const said = lines.filter((line) => line.includes('write-forbidden'));
    assert.equal(said.length, 1, said.join('\n'));
  });
});

/** When each was written, Unix milliseconds, from the API server's own log. */
async function eventWrites(auditLog: string): Promise<number[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as AuditEvent & { stageTimestamp: string })
    .filter(
      ({ objectRef, user }) =>
        objectRef?.resource === 'events' && user.username.endsWith(':ts-nginx:ts-nginx'),
    )
    .map(({ stageTimestamp }) => Date.parse(stageTimestamp));
}

function countWithin(times: readonly number[], fromMs: number, toMs: number): number {
  return times.filter((at) => at >= fromMs && at < toMs).length;
}

async function forbidEvents({ api, kubectl }: Cluster): Promise<void> {
  await kubectl(['apply', '--server-side', '-f', `${DEPLOY_FOLDER}/10-rbac.yaml`]);
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/ts-nginx';
  const { rules } = await api.get<{ rules: readonly { resources: readonly string[] }[] }>(path);
  const left = rules.filter(({ resources }) => !resources.includes('events'));
  await api.patch(path, { rules: left });
}
