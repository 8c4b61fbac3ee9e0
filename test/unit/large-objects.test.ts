import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translate } from '../../src/translate/translate.ts';
import type { KubernetesObject } from '../../src/translate/snapshot.ts';
import { caseDefaults, snapshotOf } from '../golden/load-case.ts';

/** As many as an Ingress can have: the API server admits 256 KiB of annotations, and about 1.5 MiB in all. */
const ALIASES = 40_000;
const HOSTS = 40_000;
/** It takes a tenth of that; what takes the square of its length, three times as long. */
const LONGEST_MS = 5_000;

interface Large {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly hosts: readonly string[];
  readonly tlsHosts?: readonly string[];
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${n.toString(36)}.t`);

/** Everybody waits for one translation to end, so none may depend on how much somebody writes into one object. */
for (const { what, objects } of [
  {
    what: `${ALIASES} aliases, of which another Ingress wants the same`,
    objects: [
      large({ name: 'a', hosts: ['a.test'], aliases: names(ALIASES) }),
      large({ name: 'b', hosts: ['b.test'], aliases: names(ALIASES) }),
    ],
  },
  {
    what: `${HOSTS} hosts with TLS`,
    objects: [large({ name: 'a', hosts: names(HOSTS), tlsHosts: names(HOSTS).reverse() })],
  },
]) {
  test(`translated in a moment: ${what}`, () => {
    const startedAt = performance.now();
    translate(snapshotOf(objects), { ...caseDefaults });
    const tookMs = Math.round(performance.now() - startedAt);
    assert.ok(tookMs < LONGEST_MS, `${tookMs} ms`);
  });
}

function large({ name, aliases = [], hosts, tlsHosts }: Large): KubernetesObject {
  const alias = { 'nginx.ingress.kubernetes.io/server-alias': aliases.join() };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'shop', annotations: aliases.length === 0 ? {} : alias },
    spec: {
      ...(tlsHosts === undefined ? {} : { tls: [{ hosts: tlsHosts, secretName: 'x' }] }),
      rules: hosts.map((host) => ({ host })),
    },
  } as KubernetesObject;
}
