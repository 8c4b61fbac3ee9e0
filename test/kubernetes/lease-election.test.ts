import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { ApiError } from '../../src/source/kubernetes/api-error.ts';
import { ForbiddenWrites } from '../../src/source/kubernetes/forbidden-writes.ts';
import { LeaseElection } from '../../src/source/kubernetes/leader/lease-election.ts';
import type { Finding } from '../../src/model/finding.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { FakeObjectApi } from './fake-object-api.ts';
import { VirtualTime, type VirtualClock } from './virtual-time.ts';

const TTL_MS = 30_000;
const HOUR_MS = 3_600_000;
const PATH = '/apis/coordination.k8s.io/v1/namespaces/ingress/leases/leader';
const LIMIT = { timeout: 20_000 };

interface Replica {
  readonly election: LeaseElection;
  readonly clock: VirtualClock;
  readonly api: FakeObjectApi;
  readonly findings: () => readonly Finding[];
}

/** A world with one Lease, where time passes as told. */
class World {
  readonly time = new VirtualTime();
  readonly shared = new FakeObjectApi();
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
  }

  replica(identity: string, wallOffsetMs = 0): Replica {
    const clock = this.time.clock(wallOffsetMs);
    const api = new FakeObjectApi();
    // Each has a line of its own to the same objects.
    api.get = async (path) => {
      await reach(api, 'get', path);
      return this.shared.get(path);
    };
    api.create = async (path, object) => {
      await reach(api, 'create', path);
      return this.shared.create(path, object);
    };
    api.replace = async (path, object) => {
      await reach(api, 'update', path);
      return this.shared.replace(path, object);
    };
    let findings: readonly Finding[] = [];
    const forbidden = new ForbiddenWrites({
      setFindings: (_, now) => (findings = now),
      now: clock.monotonicMs,
    });
    const options = { namespace: 'ingress', name: 'leader', identity, ttlMs: TTL_MS };
    const election = new LeaseElection(
      { ...options, clock, random: () => 0.5 },
      { api, forbidden, log: createRecordingLog().log },
    );
    this.#t.after(() => election.release());
    return { election, clock, api, findings: () => findings };
  }

  spec(): Readonly<Record<string, unknown>> {
    return (this.shared.objects.get(PATH)?.['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  }
}

async function reach(api: FakeObjectApi, verb: 'get' | 'create' | 'update', path: string) {
  const error = await api.onCall({ verb, path, object: undefined });
  if (error !== undefined) throw error;
}

/** `a` leads. */
async function startOne(t: TestContext): Promise<{ world: World; a: Replica }> {
  const world = new World(t);
  const a = world.replica('a');
  a.election.start();
  await world.time.advance(1);
  return { world, a };
}

/** `a` leads, and `b` has begun a moment later. */
async function startTwo(t: TestContext): Promise<{ world: World; a: Replica; b: Replica }> {
  const { world, a } = await startOne(t);
  const b = world.replica('b');
  b.election.start();
  return { world, a, b };
}

const away = (): ApiError => new ApiError(503, 'away');

suite('lease election', () => {
  test('the first takes a Lease that does not exist, the second waits', LIMIT, async (t) => {
    const world = new World(t);
    const [a, b] = [world.replica('a'), world.replica('b')];
    a.election.start();
    await world.time.advance(100);
    b.election.start();
    await world.time.advance(10 * TTL_MS);
    assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
    const { holderIdentity, leaseDurationSeconds, leaseTransitions, renewTime } = world.spec();
    assert.deepEqual([holderIdentity, leaseDurationSeconds, leaseTransitions], ['a', 30, 0]);
    assert.match(String(renewTime), /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/);
  });

  test('of two who find it free at once one leads', LIMIT, async (t) => {
    const world = new World(t);
    const replicas = ['a', 'b', 'c'].map((name) => world.replica(name));
    for (const { election } of replicas) election.start();
    await world.time.advance(2 * TTL_MS);
    assert.equal(replicas.filter(({ election }) => election.isLeader()).length, 1);
  });

  test('one that dies is replaced within its ttl and a little', LIMIT, async (t) => {
    const { world, a, b } = await startTwo(t);
    await world.time.advance(5 * TTL_MS);
    a.clock.isFrozen = true;
    const renewedAt = Date.parse(String(world.spec()['renewTime'])) - Date.UTC(2026, 0, 1);
    await world.time.advance(renewedAt + TTL_MS - 1 - world.time.now);
    assert.equal(b.election.isLeader(), false, 'not before the ttl is over');
    await world.time.advance(TTL_MS / 16);
    assert.equal(b.election.isLeader(), true);
    assert.equal(world.spec()['leaseTransitions'], 1);
  });

  test(
    'one that was frozen does not lead when it wakes, before anything is asked',
    LIMIT,
    async (t) => {
      const { world, a, b } = await startTwo(t);
      await world.time.advance(TTL_MS);
      a.clock.isFrozen = true;
      await world.time.advance(TTL_MS / 2);
      assert.equal(a.election.isLeader(), false, 'half of a ttl is as long as a renewal lasts');
      assert.equal(b.election.isLeader(), false);
      await world.time.advance(TTL_MS);
      assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [false, true]);
      a.clock.isFrozen = false;
      await world.time.advance(TTL_MS);
      assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [false, true]);
    },
  );

  test('a renewal whose answer comes late counts from when it was sent', LIMIT, async (t) => {
    const { world, a } = await startOne(t);
    let answer: () => void = () => undefined;
    a.api.onCall = () =>
      new Promise<undefined>(
        (resolve) =>
          (answer = () => {
            resolve(undefined);
          }),
      );
    await world.time.advance(TTL_MS * 2);
    assert.equal(a.election.isLeader(), false);
    a.api.onCall = () => undefined;
    answer();
    await world.time.advance(1);
    assert.equal(a.election.isLeader(), false, 'the answer is older than it lasts');
    await world.time.advance(TTL_MS / 8);
    assert.equal(a.election.isLeader(), true, 'the next renewal counts');
  });

  for (const offsetMs of [-HOUR_MS, HOUR_MS]) {
    test(`a clock that is wrong by ${offsetMs} ms changes nothing`, LIMIT, async (t) => {
      const world = new World(t);
      const [a, b] = [world.replica('a', offsetMs), world.replica('b')];
      a.election.start();
      await world.time.advance(1);
      b.election.start();
      await world.time.advance(5 * TTL_MS);
      assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
      a.clock.isFrozen = true;
      await world.time.advance(TTL_MS * 0.7);
      assert.equal(b.election.isLeader(), false);
      await world.time.advance(TTL_MS * 0.4);
      assert.equal(b.election.isLeader(), true);
    });
  }

  test('a wall clock that leaps ends the tenure: the machine was suspended', LIMIT, async (t) => {
    const { world, a } = await startOne(t);
    t.mock.method(a.clock, 'wallMs', () => Date.UTC(2026, 0, 2));
    assert.equal(a.election.isLeader(), false);
    await world.time.advance(TTL_MS / 4);
    assert.equal(a.election.isLeader(), true, 'until it is renewed');
  });

  test(
    'who can not reach the API server stops half a ttl after the last renewal',
    LIMIT,
    async (t) => {
      const world = new World(t);
      const a = world.replica('a');
      const told: boolean[] = [];
      a.election.onChange(() => told.push(a.election.isLeader()));
      a.election.start();
      await world.time.advance(1);
      a.api.onCall = away;
      await world.time.advance(TTL_MS / 2 - 2);
      assert.equal(a.election.isLeader(), true);
      await world.time.advance(2);
      assert.equal(a.election.isLeader(), false);
      await world.time.advance(TTL_MS / 4);
      assert.deepEqual(told, [true, false]);
      a.api.onCall = () => undefined;
      await world.time.advance(TTL_MS / 4);
      assert.deepEqual(told, [true, false, true]);
    },
  );

  test('it is given up at the end, and another takes it at once', LIMIT, async (t) => {
    const { world, a, b } = await startTwo(t);
    await world.time.advance(TTL_MS);
    await a.election.release();
    assert.equal(a.election.isLeader(), false);
    assert.equal(world.spec()['holderIdentity'], undefined);
    await world.time.advance(TTL_MS / 4);
    assert.equal(b.election.isLeader(), true);
  });

  test('another’s is not given up', LIMIT, async (t) => {
    const { world, b } = await startTwo(t);
    await world.time.advance(TTL_MS);
    await b.election.release();
    assert.equal(world.spec()['holderIdentity'], 'a');
  });

  test('a Lease that somebody deletes or writes to is kept', LIMIT, async (t) => {
    const { world, a } = await startOne(t);
    world.shared.objects.delete(PATH);
    await world.time.advance(TTL_MS / 4);
    assert.equal(world.spec()['holderIdentity'], 'a');
    const lease = world.shared.objects.get(PATH) ?? {};
    world.shared.put(PATH, { ...lease, spec: { ...world.spec(), preferredHolder: 'x' } });
    await world.time.advance(TTL_MS / 4);
    assert.equal(a.election.isLeader(), true);
    assert.equal(world.spec()['preferredHolder'], 'x', 'what is not ours to know stays');
  });

  test('its duration is the holder’s to say', LIMIT, async (t) => {
    const world = new World(t);
    world.shared.put(PATH, {
      metadata: { name: 'leader' },
      spec: { holderIdentity: 'x', leaseDurationSeconds: 300, leaseTransitions: 4 },
    });
    const a = world.replica('a');
    a.election.start();
    await world.time.advance(299_000);
    assert.equal(a.election.isLeader(), false);
    await world.time.advance(2_000);
    assert.equal(a.election.isLeader(), true);
    assert.equal(world.spec()['leaseTransitions'], 5);
  });

  test(
    'a right that is missing is a finding that names it, for as long as it is',
    LIMIT,
    async (t) => {
      const world = new World(t);
      const a = world.replica('a');
      a.api.onCall = ({ verb }) => (verb === 'create' ? new ApiError(403, 'no') : undefined);
      a.election.start();
      await world.time.advance(TTL_MS);
      const [finding] = a.findings();
      assert.equal(finding?.code, 'write-forbidden');
      assert.match(finding.message, /does not allow create of leases\.coordination\.k8s\.io in/);
      a.api.onCall = () => undefined;
      await world.time.advance(TTL_MS);
      assert.deepEqual(a.findings(), []);
      assert.equal(a.election.isLeader(), true);
    },
  );
});
