import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleHost } from '../../../test/unit/sample-config.ts';
import { CompiledHost } from './compiled-host.ts';
import { HostIndex } from './host-index.ts';

function hostOf(name: string, ...aliases: string[]): CompiledHost {
  return new CompiledHost(sampleHost({ name, aliases }));
}

function indexOf(...hosts: CompiledHost[]): HostIndex {
  const index = new HostIndex();
  index.update(hosts, []);
  return index;
}

const nameFound = (index: HostIndex, name: string) => index.find(name)?.config.name;

const index = indexOf(hostOf('a.example.com'), hostOf('*.example.com'), hostOf(''));
for (const [name, want] of [
  ['a.example.com', 'a.example.com'],
  ['b.example.com', '*.example.com'],
  ['under_score-1.example.com', '*.example.com'],
  ['example.com', ''],
  ['a.b.example.com', ''],
  ['.example.com', ''],
  ['~.example.com', ''],
  ['*.example.com', ''],
  ['unknown', ''],
  ['', ''],
  ['[2001:db8::1]', ''],
  ['[::192.0.2.1]', ''],
  ['__proto__', ''],
] as const) {
  test(`${JSON.stringify(name)} is served by ${JSON.stringify(want)}`, () => {
    assert.equal(nameFound(index, name), want);
  });
}

test('without a host for unknown names there is none', () => {
  assert.equal(indexOf(hostOf('a.example.com')).find('b.example.com'), undefined);
});

test('an alias serves its host, a host of that very name wins, whichever came first', () => {
  const shop = hostOf(
    'shop.example.com',
    'www.example.com',
    '*.shop.example.com',
    'old.example.com',
  );
  const www = hostOf('www.example.com');
  for (const hosts of [
    [shop, www],
    [www, shop],
  ]) {
    const both = indexOf(...hosts);
    assert.equal(nameFound(both, 'www.example.com'), 'www.example.com');
    assert.equal(nameFound(both, 'old.example.com'), 'shop.example.com');
    assert.equal(nameFound(both, 'a.shop.example.com'), 'shop.example.com');
    both.update([], ['www.example.com']);
    assert.equal(nameFound(both, 'www.example.com'), 'shop.example.com');
  }
});

test('an exact alias wins over a wildcard host', () => {
  const both = indexOf(hostOf('*.example.com'), hostOf('shop.test', 'a.example.com'));
  assert.equal(nameFound(both, 'a.example.com'), 'shop.test');
});

test('of two hosts with one alias the first by name has it, until it lets go', () => {
  for (const names of [
    ['a.test', 'b.test'],
    ['b.test', 'a.test'],
  ]) {
    const both = indexOf(...names.map((name) => hostOf(name, 'x.test')));
    assert.equal(nameFound(both, 'x.test'), 'a.test');
    both.update([hostOf('a.test')], []);
    assert.equal(nameFound(both, 'x.test'), 'b.test');
    both.update([], ['b.test']);
    assert.equal(nameFound(both, 'x.test'), undefined);
  }
});

test('an update gives the hosts that it takes out', () => {
  const names = ['a.test', '*.test', ''];
  const first = names.map((name) => hostOf(name));
  const both = indexOf(...first);
  assert.deepEqual(both.update([hostOf('a.test')], ['*.test', '', 'unknown']), [
    first[1],
    first[2],
    first[0],
  ]);
  assert.equal(both.find('b.test'), undefined);
});
