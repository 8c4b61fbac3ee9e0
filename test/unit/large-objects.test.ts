import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translate } from '../../src/translate/translate.ts';
import type { KubernetesObject } from '../../src/translate/snapshot.ts';
import { caseDefaults, snapshotOf } from '../golden/load-case.ts';

/** As many as an Ingress can have: the API server admits 256 KiB of annotations, and about 1.5 MiB in all. */
const ALIASES = 40_000;
const HOSTS = 12_000;
const PATTERNS = 5_000;
/** Four times as much may cost so many times as much: what takes the square of its length costs 16 times as much. */
const MOST_TIMES = 9;
/** Of CPU: below that nobody notices, and the collector's own rhythm is larger. */
const NOTHING_MS = 300;

const backend = { service: { name: 'web', port: { number: 80 } } };

interface Large {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly hosts: readonly string[];
  readonly tlsHosts?: readonly string[];
  /** Regular expressions. */
  readonly paths?: readonly string[];
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${n.toString(36)}.t`);

const aliases = (count: number): KubernetesObject[] => [
  large({ name: 'a', hosts: ['a.test'], aliases: names(count) }),
  large({ name: 'b', hosts: ['b.test'], aliases: names(count) }),
];
const hostsWithTls = (count: number): KubernetesObject[] => [
  large({ name: 'a', hosts: names(count), tlsHosts: names(count).reverse() }),
];
const patterns = (count: number, repeat: string): KubernetesObject[] => [
  large({
    name: 'a',
    hosts: ['a.test'],
    paths: Array.from({ length: count }, (_, n) => `/${n}\\w${repeat}`),
  }),
];

/** Everybody waits for one translation to end, so none may depend on how much somebody writes into one object. */
for (const { what, objects, against } of [
  {
    what: `${ALIASES} aliases, of which another Ingress wants the same`,
    objects: aliases(ALIASES),
    against: aliases(ALIASES / 4),
  },
  {
    what: `${HOSTS} hosts with TLS`,
    objects: hostsWithTls(HOSTS),
    against: hostsWithTls(HOSTS / 4),
  },
  {
    what: `${PATTERNS} regular expressions that repeat a lot`,
    objects: patterns(PATTERNS, '{0,450}'),
    against: patterns(PATTERNS / 4, ''),
  },
]) {
  test(`translated in a moment: ${what}`, () => {
    const cost = Math.round(costMs(objects));
    const most = Math.max(NOTHING_MS, costMs(against)) * MOST_TIMES;
    assert.ok(cost < most, `${cost} ms of CPU, of at most ${most}`);
  });
}

function costMs(objects: readonly KubernetesObject[]): number {
  const before = process.cpuUsage();
  translate(snapshotOf(objects), { ...caseDefaults });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function large({ name, aliases = [], hosts, tlsHosts, paths }: Large): KubernetesObject {
  const prefix = 'nginx.ingress.kubernetes.io';
  const http = { paths: paths?.map((path) => ({ path, backend })) };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'shop',
      annotations: {
        ...(aliases.length === 0 ? {} : { [`${prefix}/server-alias`]: aliases.join() }),
        ...(paths === undefined ? {} : { [`${prefix}/use-regex`]: 'true' }),
      },
    },
    spec: {
      ...(tlsHosts === undefined ? {} : { tls: [{ hosts: tlsHosts, secretName: 'x' }] }),
      rules: hosts.map((host) => ({ host, ...(paths === undefined ? {} : { http }) })),
    },
  } as KubernetesObject;
}
