import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createAddressTrial } from '../../src/source/reach/address-trial.ts';
import type { Place } from '../../src/source/reach/try-connect.ts';
import { Store } from '../../src/source/store.ts';
import type { UpstreamAddress } from '../../src/translate/snapshot.ts';
import { createRecordingLog } from '../blackbox/harness/recording-log.ts';
import { refusedEndpoint } from '../blackbox/harness/upstream.ts';

const LIMIT = { timeout: 10_000 };

async function listening(t: TestContext): Promise<Place> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** A trial, and a translation that gives it the addresses of whatever it is trying. */
function startTrial(
  t: TestContext,
  places: Partial<Record<UpstreamAddress, readonly Place[]>>,
  patienceMs = 20,
) {
  const store = new Store();
  const { log, lines } = createRecordingLog();
  const trial = createAddressTrial({ connectMs: 1_000, patienceMs }, store, log);
  const decided = Promise.withResolvers<string>();
  const translate = (): void => {
    const { address = 'endpoints', isDecided = false } = store.snapshot().addressTrial ?? {};
    if (isDecided) decided.resolve(address);
    const samples = isDecided ? undefined : { address, places: places[address] ?? [] };
    const nothing = { secrets: new Set(''), configMaps: new Set(''), externalNames: new Set('') };
    trial.want({ ...nothing, nodes: 'none', samples });
  };
  const stop = store.onChange({ quietMs: 0, maxMs: 0 }, translate);
  trial.start();
  t.after(async () => {
    stop();
    await trial.stop();
  });
  translate();
  const tried = (): unknown => (lines.at(-1)?.fields as { tried: unknown }).tried;
  return { trial, lines, translate, tried, decided: decided.promise };
}

test('endpoints that can be reached are used, and nothing else is tried', LIMIT, async (t) => {
  const { decided, tried, trial, translate } = startTrial(t, {
    endpoints: [await listening(t)],
  });
  assert.equal(trial.missing().length, 1, 'not ready while it tries');
  assert.equal(await decided, 'endpoints');
  assert.deepEqual(tried(), ['endpoints: 1 of 1']);
  assert.deepEqual(trial.missing(), []);
  translate();
  assert.deepEqual(trial.missing(), [], 'once is enough');
});

test(
  'one dead pod of two does not make the network unreachable, two of three do',
  LIMIT,
  async (t) => {
    const [alive, dead] = [await listening(t), await refusedEndpoint()];
    assert.equal(await startTrial(t, { endpoints: [dead, alive] }).decided, 'endpoints');
    const most = { endpoints: [dead, alive, dead], 'cluster-ip': [alive] };
    const { decided, tried } = startTrial(t, most);
    assert.equal(await decided, 'cluster-ip');
    assert.deepEqual(tried(), ['endpoints: 1 of 3', 'cluster-ip: 1 of 1']);
  },
);

test('what the objects do not offer is waited for a little, and passed over', LIMIT, async (t) => {
  const [alive, dead] = [await listening(t), await refusedEndpoint()];
  const { decided, tried } = startTrial(t, { endpoints: [dead], 'load-balancer': [alive] });
  assert.equal(await decided, 'load-balancer');
  assert.deepEqual(tried(), [
    'endpoints: 0 of 1',
    'cluster-ip: none known',
    'node-port: none known',
    'load-balancer: 1 of 1',
  ]);
});

test('Nodes that are read while it waits are tried', LIMIT, async (t) => {
  const places: Partial<Record<UpstreamAddress, readonly Place[]>> = {
    endpoints: [await refusedEndpoint()],
    'cluster-ip': [await refusedEndpoint()],
  };
  const { decided, translate, trial } = startTrial(t, places, 60_000);
  while (!trial.missing().some((line) => line.includes('node-port'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  places['node-port'] = [await listening(t)];
  translate();
  assert.equal(await decided, 'node-port');
});

test('nothing can be reached: endpoints, and a warning', LIMIT, async (t) => {
  const dead = [await refusedEndpoint()];
  const all = { endpoints: dead, 'cluster-ip': dead, 'node-port': dead, 'load-balancer': dead };
  const { decided, lines } = startTrial(t, all);
  assert.equal(await decided, 'endpoints');
  assert.equal(lines.at(-1)?.message, 'no upstream address can be reached');
});

test('without any endpoint there is nothing to try, and nothing to wait for', (t) => {
  const { trial, lines } = startTrial(t, {});
  assert.deepEqual(trial.missing(), []);
  assert.deepEqual(lines, []);
});
