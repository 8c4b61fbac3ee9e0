import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { sampleEndpoints, testBalancerContract } from '../../../test/unit/balancer-contract.ts';
import { samplePick } from '../../../test/unit/sample-pick.ts';
import { ClientAffinity } from './client-affinity.ts';
import { ClientMemory } from './client-memory.ts';

const newMemory = () => new ClientMemory(ClientMemory.createBuffer());
const options = { service: 'shop-web-80', timeoutSeconds: 600 };

testBalancerContract('client affinity', () => new ClientAffinity(options, newMemory()));

const clients = Array.from({ length: 2_000 }, (_, index) =>
  samplePick({ clientAddress: `10.${index % 7}.${index >> 8}.${index & 255}` }),
);

test('new endpoints take no client from those that have them; clients of one that went are spread', () => {
  const memory = newMemory();
  const [one, other] = [1, 2].map(() => new ClientAffinity(options, memory));
  const endpoints = sampleEndpoints(10);
  one?.setEndpoints(endpoints.slice(0, 5));
  const before = clients.map((client) => one?.pick(client));
  // Another worker, which has never seen them.
  other?.setEndpoints(endpoints);
  clients.forEach((client, index) => {
    assert.equal(other?.pick(client), before[index]);
  });
  const [gone] = endpoints;
  other?.setEndpoints(endpoints.slice(1));
  clients.forEach((client, index) => {
    const now = other?.pick(client);
    if (before[index] === gone) assert.notEqual(now, gone);
    else assert.equal(now, before[index]);
  });
});

test('who was away for longer than the timeout is nobody’s client any more', () => {
  let unixMs = 1_800_000_000_000;
  const memory = newMemory();
  const balancer = new ClientAffinity(options, memory, () => unixMs);
  const stateless = new ClientAffinity(options, newMemory(), () => unixMs);
  const endpoints = sampleEndpoints(10);
  balancer.setEndpoints(endpoints.slice(0, 2));
  stateless.setEndpoints(endpoints);
  const client = clients.find((each) => {
    const later = stateless.pick(each);
    return later !== endpoints[0] && later !== endpoints[1];
  });
  assert.ok(client);
  const first = balancer.pick(client);
  balancer.setEndpoints(endpoints);
  unixMs += 599_000;
  assert.equal(balancer.pick(client), first);
  unixMs += 600_000;
  assert.equal(balancer.pick(client), first, 'each visit counts');
  unixMs += 601_000;
  assert.equal(balancer.pick(client), stateless.pick(client));
});

test('a retry goes elsewhere, and the client comes back', () => {
  const balancer = new ClientAffinity(options, newMemory());
  balancer.setEndpoints(sampleEndpoints(5));
  const [client] = clients;
  assert.ok(client);
  const first = balancer.pick(client);
  assert.ok(first);
  assert.notEqual(balancer.pick({ ...client, tried: new Set([first]) }), first);
  assert.equal(balancer.pick(client), first);
});

test('Services do not share their clients', () => {
  const memory = newMemory();
  const endpoints = sampleEndpoints(10);
  const shop = new ClientAffinity(options, memory);
  const blog = new ClientAffinity({ ...options, service: 'shop-blog-80' }, memory);
  shop.setEndpoints(endpoints.slice(0, 1));
  blog.setEndpoints(endpoints);
  const [only] = endpoints;
  for (const client of clients) assert.equal(shop.pick(client), only);
  const places = new Set(clients.map((client) => blog.pick(client)));
  assert.equal(places.size, 10);
});

test('of more clients than there is room for, those seen last are known', () => {
  const memory = newMemory();
  for (let client = 1; client <= 1_000_000; client++) memory.remember(client, 7, client);
  let known = 0;
  for (let client = 900_001; client <= 1_000_000; client++) {
    if (memory.find(client, 1_000_000, 1_000_000) === 7) known += 1;
  }
  assert.ok(known > 95_000, `${known} of the last 100,000`);
});

test('what one thread remembers, another finds', async () => {
  const buffer = ClientMemory.createBuffer();
  const path = new URL('./client-memory.ts', import.meta.url).href;
  const code = `const { workerData } = require('node:worker_threads');
    import(${JSON.stringify(path)}).then(({ ClientMemory }) => {
      new ClientMemory(workerData).remember(4_000_000_000, 3_000_000_000, 5);
    });`;
  const worker = new Worker(code, { eval: true, workerData: buffer });
  await new Promise((resolve, reject) => {
    worker.once('exit', resolve);
    worker.once('error', reject);
  });
  assert.equal(new ClientMemory(buffer).find(4_000_000_000, 6, 1), 3_000_000_000 | 0);
});
