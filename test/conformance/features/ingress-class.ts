import assert from 'node:assert/strict';
import { eventually } from '../../cluster/harness/eventually.ts';
import { path, rule, type Feature, type Scenario } from '../feature.ts';
import { CLASS, type IngressExtras, type Site } from '../site.ts';

const SERVICE = 'app';
const CLASSES = '/apis/networking.k8s.io/v1/ingressclasses';
const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
const OLD_ANNOTATION = 'kubernetes.io/ingress.class';

/** Which Ingresses are ours: those of a class that names our controller, and no others. */
export const ingressClass: Feature = {
  name: 'Ingress class',
  services: [SERVICE],
  prepare: async (site) => {
    await site.cluster.apply(
      classOf('conformance-other', 'example.com/another-controller'),
      classOf('conformance-ours', 'ts-nginx.io/ingress-controller'),
    );
    await applyFor(site, 'ours', CLASS);
    await site.untilExposed('ours');
  },
  scenarios: [
    ours('a class of ours', CLASS),
    ours('another class that names our controller', 'conformance-ours'),
    notOurs('a class of another controller', 'conformance-other'),
    notOurs('a class that does not exist', 'some-invalid-class-name'),
    notOurs('no class, while none is the default', null),
    {
      name: 'no class, while ours is the default: served',
      check: async (site) => {
        await setDefault(site, 'true');
        try {
          await applyFor(site, 'by-default', null);
          await assertOurs(site, 'by-default');
        } finally {
          await setDefault(site, null);
        }
      },
    },
    ours('the deprecated annotation, with our class', null, { [OLD_ANNOTATION]: CLASS }),
    notOurs('the deprecated annotation, with another', null, { [OLD_ANNOTATION]: 'another' }),
    {
      name: 'an Ingress that leaves our class: no longer served, and its address goes',
      check: async (site) => {
        await applyFor(site, 'leaving', CLASS);
        await assertOurs(site, 'leaving');
        await applyFor(site, 'leaving', 'conformance-other');
        await eventually('it is left alone', () => assertLeftAlone(site, 'leaving'));
      },
    },
  ],
  lastUrl: urlOf('ours'),
};

function ours(
  name: string,
  ingressClassName: string | null,
  annotations?: IngressExtras['annotations'],
): Scenario {
  return withIngress(name, { outcome: 'served', ingressClassName, annotations, check: assertOurs });
}

function notOurs(
  name: string,
  ingressClassName: string | null,
  annotations?: IngressExtras['annotations'],
): Scenario {
  return withIngress(name, {
    outcome: 'neither served nor given an address',
    ingressClassName,
    annotations,
    check: assertNotOurs,
  });
}

function withIngress(
  name: string,
  options: {
    readonly outcome: string;
    readonly ingressClassName: string | null;
    readonly annotations: IngressExtras['annotations'];
    readonly check: (site: Site, ingress: string) => Promise<void>;
  },
): Scenario {
  const ingress = name.replaceAll(/[^a-z]+/g, '-');
  const { outcome, ingressClassName, annotations, check } = options;
  return {
    name: `${name}: ${outcome}`,
    check: async (site) => {
      await applyFor(site, ingress, ingressClassName, annotations);
      await check(site, ingress);
    },
  };
}

async function assertOurs(site: Site, ingress: string): Promise<void> {
  await site.untilExposed(ingress);
  await site.assertServed({ url: urlOf(ingress) }, SERVICE);
}

/** What came after it is served and has an address: it would have, too. */
async function assertNotOurs(site: Site, ingress: string): Promise<void> {
  const witness = `after-${ingress}`;
  await applyFor(site, witness, CLASS);
  await assertOurs(site, witness);
  await assertLeftAlone(site, ingress);
}

async function assertLeftAlone(site: Site, ingress: string): Promise<void> {
  await site.assertNotFound({ url: urlOf(ingress) });
  assert.deepEqual(await site.addresses(ingress), []);
}

function applyFor(
  site: Site,
  ingress: string,
  ingressClassName: string | null,
  annotations: IngressExtras['annotations'] = {},
): Promise<void> {
  const rules = [rule(`${ingress}.class.test`, path('Prefix', '/', SERVICE))];
  return site.apply(ingress, { ingressClassName, rules }, { annotations });
}

function urlOf(ingress: string): string {
  return `http://${ingress}.class.test/`;
}

/** `null` takes the annotation away. */
async function setDefault({ cluster }: Site, value: 'true' | null): Promise<void> {
  await cluster.api.patch(`${CLASSES}/${CLASS}`, {
    metadata: { annotations: { [IS_DEFAULT]: value } },
  });
}

function classOf(name: string, controller: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name },
    spec: { controller },
  };
}
