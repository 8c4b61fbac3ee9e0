import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointSet, ProxyConfig } from './config.ts';
import { diffConfig } from './delta.ts';
import { patchMap } from './patched-map.ts';
import type { Settings } from './settings.ts';

const original: ReadonlyMap<string, number> = new Map([
  ['a', 1],
  ['b', 2],
  ['c', 3],
]);

test('a patched map reads as a plain one, and leaves the others as they were', () => {
  const once = patchMap(original, new Map([['b', 20]]));
  const twice = patchMap(once, new Map([['c', 30]]));
  for (const [map, values] of [
    [original, [1, 2, 3]],
    [once, [1, 20, 3]],
    [twice, [1, 20, 30]],
  ] as const) {
    assert.deepEqual([...map.keys()], ['a', 'b', 'c']);
    assert.deepEqual([...map.values()], values);
    assert.deepEqual(
      [...map],
      [...map.keys()].map((key) => [key, map.get(key)] as const),
    );
    assert.deepEqual(new Map(map.entries()), new Map(map));
    const seen: number[] = [];
    map.forEach((value) => seen.push(value));
    assert.deepEqual(seen, values);
    assert.equal(map.size, 3);
    assert.deepEqual([map.has('b'), map.has('d'), map.get('d')], [true, false, undefined]);
  }
});

test('without changes it is the same map', () => {
  assert.equal(patchMap(original, new Map()), original);
});

function configOf(endpointSets: ReadonlyMap<string, EndpointSet>): ProxyConfig {
  const empty = new Map<string, never>();
  const settings = {} as Settings;
  return { settings, virtualHosts: empty, clusters: empty, certificates: empty, endpointSets };
}

test('between any two maps of a series the difference is what it is between plain ones', () => {
  const keys = Array.from({ length: 300 }, (_, index) => `set-${index}`);
  const fresh = (id: string): EndpointSet => ({ id, endpoints: [] });
  const steps = fc.array(
    fc.oneof(fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 90 }), fc.constant('anew')),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (list, from, to) => {
      const maps = [new Map(keys.map((key) => [key, fresh(key)]))] as ReadonlyMap<
        string,
        EndpointSet
      >[];
      for (const step of list) {
        const last = maps.at(-1) ?? new Map<string, EndpointSet>();
        const next =
          step === 'anew'
            ? new Map(last)
            : patchMap(last, new Map(step.map((key) => [key, fresh(key)])));
        maps.push(next);
      }
      const one = maps[from % maps.length] ?? new Map<string, EndpointSet>();
      const other = maps[to % maps.length] ?? new Map<string, EndpointSet>();
      const idsOf = (a: typeof one, b: typeof one): string[] =>
        diffConfig(configOf(a), configOf(b), 1).endpointSets.set.map(({ id }) => id);
      assert.deepEqual(idsOf(one, other).sort(), idsOf(new Map(one), new Map(other)).sort());
    }),
    { numRuns: 100 },
  );
});
