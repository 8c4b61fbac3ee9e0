import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import { ApiError } from '../../src/source/kubernetes/api-error.ts';
import { ForbiddenWrites } from '../../src/source/kubernetes/forbidden-writes.ts';
import { createSoleLeadership } from '../../src/source/kubernetes/leader/leadership.ts';
import { prune } from '../../src/source/kubernetes/prune.ts';
import type { AddressReading } from '../../src/source/kubernetes/status/address-reader.ts';
import type { Address } from '../../src/source/kubernetes/status/addresses.ts';
import { StatusWriter } from '../../src/source/kubernetes/status/status-writer.ts';
import { Store } from '../../src/source/store.ts';
import type { Ingress } from '../../src/translate/snapshot.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { FakeObjectApi } from './fake-object-api.ts';
import { until } from './until.ts';

const LIMIT = { timeout: 10_000 };
const OURS: Address = { ip: '192.0.2.1' };
const pathOf = (name: string): string =>
  `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`;

/** A writer with an API server in memory, whose watch brings each write to the store. */
class World {
  readonly api = new FakeObjectApi();
  readonly store = new Store();
  readonly leadership = createSoleLeadership();
  readonly writer: StatusWriter;
  readonly results: string[] = [];
  reading: AddressReading = { addresses: [OURS], finding: undefined };
  /** False: the watch lags behind. */
  isWatching = true;
  nowMs = 1_000;
  #generation = 0;

  constructor(t: TestContext) {
    this.api.onWritten = (_, object) => {
      if (this.isWatching) this.see(object);
    };
    const now = (): number => this.nowMs + performance.now();
    this.writer = new StatusWriter(
      {
        intervalMs: 60_000,
        clock: { monotonicMs: now, wallMs: Date.now, wait: () => Promise.resolve() },
      },
      {
        api: this.api,
        store: this.store,
        leadership: this.leadership,
        forbidden: new ForbiddenWrites({
          setFindings: (origin, findings) => {
            this.store.setFindings(origin, findings);
          },
          now,
        }),
        readAddresses: () => Promise.resolve(this.reading),
        log: createRecordingLog().log,
        onWrite: (result) => this.results.push(result),
      },
    );
    this.writer.start();
    t.after(() => {
      this.writer.stop();
    });
  }

  see(object: unknown): void {
    const ingress = prune('ingresses', object);
    if (ingress !== undefined) this.store.upsert('ingresses', ingress);
  }

  /** Somebody writes the object: what is new of it counts as a new generation. */
  apply(name: string, host = `${name}.test`): Ingress {
    this.#generation += 1;
    this.api.put(pathOf(name), {
      ...this.api.objects.get(pathOf(name)),
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        namespace: 'shop',
        name,
        uid: `uid-${name}`,
        generation: this.#generation,
        labels: { kept: 'yes' },
      },
      spec: { rules: [{ host }] },
    });
    return this.known(name);
  }

  known(name: string): Ingress {
    const ingress = this.store.get('ingresses', `shop/${name}`);
    assert.ok(ingress !== undefined);
    return ingress;
  }

  live(...served: readonly Ingress[]): void {
    this.writer.setLive({ served, dropped: [] });
  }

  shown(name: string): unknown {
    return this.api.objects.get(pathOf(name))?.['status'];
  }

  async lead(): Promise<void> {
    this.leadership.start();
    await this.rest();
  }

  /** Until nothing happens any more. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  findings(): readonly Finding[] {
    return this.store.findings();
  }
}

suite('status writer', () => {
  test('writes what is live, and nothing else of the object', LIMIT, async (t) => {
    const world = new World(t);
    const ingress = world.apply('web');
    await world.lead();
    assert.deepEqual(world.api.calls, [], 'not live yet');
    world.live(ingress);
    await until(() => world.results.length === 1);
    assert.deepEqual(world.shown('web'), { loadBalancer: { ingress: [OURS] } });
    const [write] = world.api.writes();
    assert.equal(write?.path, `${pathOf('web')}/status`);
    assert.deepEqual((write.object?.['metadata'] as { labels: unknown }).labels, { kept: 'yes' });
    await world.rest();
    assert.equal(world.api.writes().length, 1);
  });

  test('waits for the version of the object that the API server has', LIMIT, async (t) => {
    const world = new World(t);
    const old = world.apply('web');
    await world.lead();
    const newer = world.apply('web', 'other.test');
    world.live(old);
    await world.rest();
    assert.deepEqual(world.api.calls, [], 'the store knows a newer one');
    world.isWatching = false;
    world.apply('web', 'third.test');
    world.live(newer);
    await world.rest();
    assert.deepEqual(world.api.writes(), [], 'the API server knows a newer one');
    world.isWatching = true;
    world.see(world.api.objects.get(pathOf('web')));
    world.live(world.known('web'));
    await until(() => world.results.length === 1);
    assert.deepEqual(world.shown('web'), { loadBalancer: { ingress: [OURS] } });
  });

  test(
    'who does not lead writes nothing, and stops when it does not any more',
    LIMIT,
    async (t) => {
      const world = new World(t);
      world.live(world.apply('web'));
      await world.rest();
      assert.deepEqual(world.api.calls, []);
      // It ends between what is read and what is written.
      world.api.onCall = async ({ verb }) => {
        if (verb === 'get') await world.leadership.release();
        return undefined;
      };
      await world.lead();
      await until(() => world.api.calls.length === 1);
      await world.rest();
      assert.deepEqual(world.api.writes(), []);
    },
  );

  test('addresses that change are written, those that vanish are kept', LIMIT, async (t) => {
    const world = new World(t);
    world.live(world.apply('web'));
    await world.lead();
    world.reading = { addresses: [{ hostname: 'lb.example.com' }], finding: undefined };
    world.writer.refresh();
    await until(() => world.results.length === 2);
    const now = { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } };
    assert.deepEqual(world.shown('web'), now);
    const finding: Finding = {
      code: 'status-address-missing',
      object: 'Service a/b',
      field: undefined,
      message: 'none',
    };
    world.reading = { addresses: [], finding };
    world.writer.refresh();
    await world.rest();
    assert.deepEqual(world.shown('web'), now);
    assert.deepEqual(world.findings(), [finding]);
  });

  test('an order of its own is no difference', LIMIT, async (t) => {
    const world = new World(t);
    const other = { hostname: 'lb.example.com' };
    world.reading = { addresses: [OURS, other], finding: undefined };
    const ingress = world.apply('web');
    const object = world.api.objects.get(pathOf('web'));
    world.api.put(pathOf('web'), {
      ...object,
      status: { loadBalancer: { ingress: [other, OURS] } },
    });
    world.live(ingress);
    await world.lead();
    assert.deepEqual(world.api.calls, []);
  });

  test('who writes another status each time is not fought with', LIMIT, async (t) => {
    const world = new World(t);
    world.live(world.apply('web'));
    await world.lead();
    const theirs = { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } };
    const overwrite = async (): Promise<void> => {
      world.api.put(pathOf('web'), { ...world.api.objects.get(pathOf('web')), status: theirs });
      await world.rest();
    };
    for (let turn = 0; turn < 3; turn++) await overwrite();
    assert.equal(world.results.length, 1);
    world.nowMs += 60_000;
    world.writer.refresh();
    await until(() => world.results.length === 2);
    assert.deepEqual(world.shown('web'), { loadBalancer: { ingress: [OURS] } });
  });

  test('an Ingress that leaves is emptied where it shows our addresses', LIMIT, async (t) => {
    const world = new World(t);
    const [web, api] = [world.apply('web'), world.apply('api')];
    world.live(web, api);
    await world.lead();
    await until(() => world.results.length === 2);
    const theirs = { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } };
    world.isWatching = false;
    world.api.put(pathOf('api'), { ...world.api.objects.get(pathOf('api')), status: theirs });
    world.isWatching = true;
    world.live();
    await until(() => world.results.length === 3);
    assert.deepEqual(world.shown('web'), { loadBalancer: {} });
    world.see(world.api.objects.get(pathOf('api')));
    await world.rest();
    assert.deepEqual(world.shown('api'), theirs);
  });

  test('one that left while another replica led is emptied by the next', LIMIT, async (t) => {
    const world = new World(t);
    const ingress = world.apply('web');
    const object = world.api.objects.get(pathOf('web'));
    world.api.put(pathOf('web'), { ...object, status: { loadBalancer: { ingress: [OURS] } } });
    world.live(ingress);
    world.live();
    await world.lead();
    await until(() => world.results.length === 1);
    assert.deepEqual(world.shown('web'), { loadBalancer: {} });
  });

  test('one that is ours and not served any more keeps what it shows', LIMIT, async (t) => {
    const world = new World(t);
    const ingress = world.apply('web');
    world.live(ingress);
    await world.lead();
    world.writer.setLive({ served: [], dropped: [ingress] });
    await world.rest();
    assert.deepEqual(world.shown('web'), { loadBalancer: { ingress: [OURS] } });
  });

  test(
    'one that vanished, or that somebody was faster to write, does no harm',
    LIMIT,
    async (t) => {
      const world = new World(t);
      const [gone, busy, web] = [world.apply('gone'), world.apply('busy'), world.apply('web')];
      world.api.objects.delete(pathOf('gone'));
      let isFaster = true;
      world.api.onCall = ({ verb, path }) => {
        if (verb !== 'update' || !path.includes('/busy/') || !isFaster) return undefined;
        isFaster = false;
        world.api.put(pathOf('busy'), world.api.objects.get(pathOf('busy')) ?? {});
        return undefined;
      };
      world.live(gone, busy, web);
      await world.lead();
      await until(() => world.results.length === 3);
      assert.deepEqual(world.results.toSorted(), ['conflict', 'written', 'written']);
      for (const name of ['busy', 'web']) {
        assert.deepEqual(world.shown(name), { loadBalancer: { ingress: [OURS] } });
      }
    },
  );

  test('a refusal is one finding, and one try a namespace for a while', LIMIT, async (t) => {
    const world = new World(t);
    const served = ['a', 'b', 'c', 'd'].map((name) => world.apply(name));
    world.api.onCall = ({ verb }) => (verb === 'update' ? new ApiError(403, 'no') : undefined);
    world.live(...served);
    await world.lead();
    await world.rest();
    const [finding] = world.findings();
    assert.equal(world.findings().length, 1);
    assert.match(
      finding?.message ?? '',
      /does not allow update of ingresses\.networking\.k8s\.io\/status in namespace shop/,
    );
    const tries = world.api.writes().length;
    world.writer.refresh();
    await world.rest();
    assert.equal(world.api.writes().length, tries);
    world.api.onCall = () => undefined;
    world.nowMs += 60_001;
    world.writer.refresh();
    await until(() => world.results.filter((result) => result === 'written').length === 4);
    assert.deepEqual(world.findings(), []);
  });

  test('an API server that is away gets them later', LIMIT, async (t) => {
    const world = new World(t);
    let refusals = 1;
    world.api.onCall = () => ((refusals -= 1) >= 0 ? new ApiError(503, 'away') : undefined);
    world.live(world.apply('web'));
    await world.lead();
    await until(() => world.results.length === 2);
    assert.deepEqual(world.results, ['failed', 'written']);
  });

  test('at the end our one address is taken away, and nothing else', LIMIT, async (t) => {
    const world = new World(t);
    const served = ['a', 'b'].map((name) => world.apply(name));
    world.live(...served);
    await world.lead();
    await until(() => world.results.length === 2);
    const theirs = { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } };
    world.api.put(pathOf('b'), { ...world.api.objects.get(pathOf('b')), status: theirs });
    await world.writer.clear(5_000);
    assert.deepEqual(world.shown('a'), { loadBalancer: {} });
    assert.deepEqual(world.shown('b'), theirs);
  });

  test('at the end several addresses stay: another may be behind them', LIMIT, async (t) => {
    const world = new World(t);
    world.reading = { addresses: [OURS, { ip: '192.0.2.2' }], finding: undefined };
    world.live(world.apply('web'));
    await world.lead();
    await until(() => world.results.length === 1);
    await world.writer.clear(5_000);
    assert.equal(world.results.length, 1);
  });
});
