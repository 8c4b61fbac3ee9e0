import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { Sensitive } from '../../src/model/sensitive.ts';
import {
  keyOf,
  type AddressTrial,
  type EndpointSlice,
  type KubernetesObject,
  type Snapshot,
} from '../../src/translate/snapshot.ts';
import type { TranslateOptions } from '../../src/translate/translate.ts';

/** A case as its files give it. */
export interface GoldenCase {
  readonly snapshot: Snapshot;
  readonly options: TranslateOptions;
}

type NotWritten = 'now' | 'defaultCertificate' | 'ownAddresses' | 'ownPorts';

/** What a case may say in `options.yaml`, beside the options of translation themselves. */
interface CaseOptions extends Partial<Omit<TranslateOptions, NotWritten>> {
  readonly ownAddresses?: readonly string[];
  readonly ownPorts?: readonly number[];
  /** RFC 3339 */
  readonly now?: string;
  readonly dnsAnswers?: Readonly<Record<string, readonly string[]>>;
  readonly ingressClassesUnreadable?: boolean;
  readonly addressTrial?: AddressTrial;
}

/** As the command line has them without any flag, but for this: an Ingress needs no class, which keeps the cases short. */
export const caseDefaults: TranslateOptions = {
  ingressClass: 'ts-nginx',
  controllerClass: 'ts-nginx.io/ingress-controller',
  ingressClassByName: false,
  watchIngressWithoutClass: true,
  watchNamespaces: [],
  namespaceSelector: undefined,
  disableCatchAll: false,
  disableSvcExternalName: false,
  annotationsPrefix: 'nginx.ingress.kubernetes.io',
  configMap: undefined,
  defaultBackendService: undefined,
  defaultSslCertificate: undefined,
  healthCheckPath: '/healthz',
  allowLocalEndpoints: false,
  upstreamAddress: 'endpoints',
  nodeAddressType: 'InternalIP',
  topologyAware: false,
  nodeName: undefined,
  ownAddresses: new Set(),
  ownPorts: new Set(),
  defaultCertificate: {
    id: 'default',
    chain: '',
    key: new Sensitive('the key of the default certificate'),
    fingerprint: '00',
    notAfter: '2099-01-01T00:00:00.000Z',
  },
};

export function loadCase(folder: string): GoldenCase {
  const {
    now,
    dnsAnswers,
    ingressClassesUnreadable = false,
    addressTrial,
    ownAddresses,
    ownPorts,
    ...given
  } = readOptions(join(folder, 'options.yaml'));
  const objects = parseAllDocuments(readFileSync(join(folder, 'in.yaml'), 'utf8'))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
  return {
    snapshot: {
      ...snapshotOf(objects, new Map(Object.entries(dnsAnswers ?? {}))),
      ingressClassesUnreadable,
      addressTrial,
    },
    options: {
      ...caseDefaults,
      ...given,
      ownAddresses: new Set(ownAddresses),
      ownPorts: new Set(ownPorts),
      ...(now === undefined ? {} : { now: () => Date.parse(now) }),
    },
  };
}

/** The objects as a store would hold them, in the order given. */
export function snapshotOf(
  objects: readonly KubernetesObject[],
  dnsAnswers: ReadonlyMap<string, readonly string[]> = new Map(),
): Snapshot {
  const ofKind = <T>(kind: string): ReadonlyMap<string, T> =>
    new Map(
      objects
        .filter((object) => object.kind === kind)
        .map((object) => [keyOf(object), object as T] as const),
    );
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of ofKind<EndpointSlice>('EndpointSlice').values()) {
    const { namespace = 'default', labels } = slice.metadata;
    const service = `${namespace}/${labels?.['kubernetes.io/service-name'] ?? ''}`;
    slices.set(service, [...(slices.get(service) ?? []), slice]);
  }
  return {
    ingresses: ofKind('Ingress'),
    ingressClasses: ofKind('IngressClass'),
    services: ofKind('Service'),
    endpointSlices: slices,
    secrets: new Map(
      [...ofKind<SecretManifest>('Secret')].map(([key, secret]) => [key, encode(secret)] as const),
    ),
    configMaps: ofKind('ConfigMap'),
    namespaces: ofKind('Namespace'),
    nodes: ofKind('Node'),
    dnsAnswers,
  };
}

interface SecretManifest extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

function encode({ stringData, ...secret }: SecretManifest): SecretManifest {
  const encoded = Object.entries(stringData ?? {}).map(
    ([name, text]) => [name, Buffer.from(text).toString('base64')] as const,
  );
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
}

function readOptions(file: string): CaseOptions {
  try {
    return (parse(readFileSync(file, 'utf8')) ?? {}) as CaseOptions;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
