import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSet, ProxyConfig } from './config.ts';
import { diffConfig, isEmptyDelta } from './delta.ts';
import type { Settings } from './settings.ts';

const settings = {} as Settings;

function configOf(...sets: EndpointSet[]): ProxyConfig {
  return {
    settings,
    virtualHosts: new Map(),
    clusters: new Map(),
    endpointSets: new Map(sets.map((set) => [set.id, set])),
    certificates: new Map(),
  };
}

const web: EndpointSet = { id: 'shop/web', endpoints: [{ address: '10.0.0.1', port: 80 }] };
const api: EndpointSet = { id: 'shop/api', endpoints: [] };

test('from nothing, everything is set', () => {
  const delta = diffConfig(undefined, configOf(web, api), 1);
  assert.equal(delta.settings, settings);
  assert.deepEqual(delta.endpointSets, { set: [web, api], remove: [] });
});

test('a piece of the same identity is not sent, an equal one of another identity is', () => {
  const copy = { ...web };
  const delta = diffConfig(configOf(web, api), configOf(copy, api), 2);
  assert.equal(delta.settings, undefined);
  assert.deepEqual(delta.endpointSets.set, [copy]);
  assert.equal(delta.endpointSets.set[0], copy);
});

test('what is gone is removed by its key', () => {
  assert.deepEqual(diffConfig(configOf(web, api), configOf(api), 2).endpointSets, {
    set: [],
    remove: ['shop/web'],
  });
});

test('nothing changed is an empty delta', () => {
  assert.ok(isEmptyDelta(diffConfig(configOf(web), configOf(web), 2)));
  assert.ok(!isEmptyDelta(diffConfig(configOf(web), configOf(), 2)));
  assert.ok(!isEmptyDelta(diffConfig(undefined, configOf(), 1)));
});
