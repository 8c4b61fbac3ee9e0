import type { Finding } from '../model/finding.ts';
import { parseCertificate } from './certificate.ts';
import {
  reportClientVerification,
  resolveClientVerification,
  type ClientVerificationResult,
} from './client-verification.ts';
import { createIngressSelection, findClassSlip, reportOtherClass } from './class-selection.ts';
import {
  translateConfigMap,
  translateSettings,
  type GlobalSettings,
} from './configmap/global-settings.ts';
import { resolveDhParameters, type DhParameters } from './dh-parameters.ts';
import { reportEndpointTls, resolveEndpointTls, type EndpointTlsResult } from './endpoint-tls.ts';
import { finding } from './finding.ts';
import type { DefaultCertificate } from './host-certificate.ts';
import { Memory } from './memory.ts';
import { parseOnce } from './parse-once.ts';
import type { ParsedIngress } from './parsed-ingress.ts';
import type { Ingress, References, Snapshot } from './snapshot.ts';
import { reportCertificates } from './report-certificates.ts';
import { reportClosedBySettings } from './report-closed.ts';
import { reportStreamServices, type StreamProtocol } from './stream-services.ts';
import { translateBackends, type BackendsResult } from './translate-backends.ts';
import { rememberTranslation, translateChanges } from './translate-changes.ts';
import { translateHosts, type HostsContext } from './translate-hosts.ts';
import type { TranslateOptions } from './translate-options.ts';
import type { TranslateResult, TranslatedIngresses } from './translate-result.ts';

export type { TranslateOptions } from './translate-options.ts';
export type { TranslateResult, TranslatedIngresses } from './translate-result.ts';

/**
 * Kubernetes objects → what the proxy shall do, and what is wrong with the objects. Pure, and always the whole: the same objects
 * and options give the same result, in whatever order they come. What is not touched by a change keeps its identity, because
 * pieces are remembered by the identity of the objects that they were made from.
 *
 *     Ingresses ─ class and namespace ─▶ parse each ─▶ claims to hosts ─ oldest first ─▶ virtual hosts
 *     Services, EndpointSlices, DNS ───────────────────▶ clusters, endpoint sets ◀─ uses ─┘      │
 *     Secrets ─────────────────────────────────────────▶ certificates ◀──────────────────────────┘
 *     ConfigMap ─▶ settings, and defaults for all of these
 */
export function translate(snapshot: Snapshot, options: TranslateOptions): TranslateResult {
  const memory = memoryOf(options);
  const known = memory.isTrial ? undefined : translateChanges(snapshot, options, memory);
  return known ?? translateWhole(snapshot, options, memory);
}

function translateWhole(
  snapshot: Snapshot,
  options: TranslateOptions,
  memory: Memory,
): TranslateResult {
  memory.beginPass();
  const configMap = readConfigMap(snapshot, options, memory);
  const { global } = configMap;
  const defaultCertificate = chooseDefaultCertificate(snapshot, options, memory);
  const ingresses = selectIngresses(snapshot, { options, global, memory });
  const endpointTls = resolveAllEndpointTls(ingresses.served, snapshot, memory);
  const clients = resolveClientVerifications(ingresses.served, snapshot, memory);
  const hostsContext: HostsContext = {
    memory,
    snapshot,
    global,
    defaultCertificate: defaultCertificate.chosen,
    options,
    hasDefaultBackend: options.defaultBackendService !== undefined,
    endpointTls: endpointTls.results,
    clientVerifications: clients.results,
  };
  const hosts = translateHosts(ingresses.served, hostsContext);
  const backends = translateBackends(hosts.uses, { memory, snapshot, options, global });
  const { certificate } = defaultCertificate.chosen;
  const certificates = new Map(hosts.certificates).set(certificate.id, certificate);
  const dhParameters = readDhParameters(snapshot, { options, global, memory });
  const settings = memory.settings.get('', [global, certificate.id, dhParameters], () =>
    translateSettings(global, {
      healthPath: options.healthCheckPath,
      tls: { defaultCertificate: certificate.id, dhParameters: dhParameters.pem },
    }),
  );
  const { virtualHosts } = hosts;
  const { clusters, endpointSets } = backends;
  const found = [
    defaultCertificate.findings,
    dhParameters.findings,
    ...ingresses.findings,
    ...endpointTls.findings,
    ...clients.findings,
    ...hosts.findings,
    ...backends.findings,
    ...reportCertificates(certificates, options, memory),
  ];
  const findings = memory.sort([
    configMap.findings,
    ...reportStreams(snapshot, options, memory),
    ...found,
    ...reportClosedBySettings(virtualHosts, {
      settings: configMap.findings,
      findings: found,
      memory,
    }),
  ]);
  const result: TranslateResult = {
    config: { settings, virtualHosts, clusters, endpointSets, certificates },
    findings,
    ingresses: ingresses.objects,
    references: referencesOf(ingresses.served, backends, { options, global }),
  };
  memory.endPass();
  if (!memory.isTrial) {
    const made = { result, configMap, hosts: hostsContext, backends };
    memory.last = rememberTranslation(snapshot, options, made);
  }
  return result;
}

const memories = new WeakMap<TranslateOptions, Memory>();

/** What earlier translations with these options made. */
export function memoryOf(options: TranslateOptions): Memory {
  let memory = memories.get(options);
  if (memory === undefined) {
    memory = new Memory();
    memories.set(options, memory);
  }
  return memory;
}

function readConfigMap(
  snapshot: Snapshot,
  { configMap: key, overruledKeys }: TranslateOptions,
  memory: Memory,
): ReturnType<typeof translateConfigMap> {
  const configMap = key === undefined ? undefined : snapshot.configMaps.get(key);
  return memory.configMaps.get('', [configMap], () =>
    translateConfigMap(key, configMap, overruledKeys),
  );
}

function reportStreams(
  { configMaps }: Snapshot,
  options: TranslateOptions,
  memory: Memory,
): (readonly Finding[])[] {
  return streamConfigMapsOf(options).map(([protocol, key]) => {
    const configMap = configMaps.get(key);
    return memory.findings.get(`streams ${protocol}`, [configMap], () =>
      reportStreamServices(protocol, key, configMap),
    );
  });
}

function streamConfigMapsOf({
  streamConfigMaps = {},
}: TranslateOptions): (readonly [StreamProtocol, string])[] {
  const { TCP, UDP } = streamConfigMaps;
  return [
    ...(TCP === undefined ? [] : [['TCP', TCP] as const]),
    ...(UDP === undefined ? [] : [['UDP', UDP] as const]),
  ];
}

const NO_DH_PARAMETERS: DhParameters = { pem: undefined, findings: [] };

function readDhParameters(
  { secrets }: Snapshot,
  { options, global, memory }: SelectionContext,
): DhParameters {
  const key = global.values['ssl-dh-param'];
  if (key === '') return NO_DH_PARAMETERS;
  const secret = secrets.get(key);
  return memory.dhParameters.get(key, [secret], () =>
    resolveDhParameters(key, secret, options.configMap ?? ''),
  );
}

interface SelectionContext {
  readonly options: TranslateOptions;
  readonly global: GlobalSettings;
  readonly memory: Memory;
}

interface SelectedIngresses {
  readonly served: readonly ParsedIngress[];
  readonly objects: TranslatedIngresses;
  readonly findings: readonly (readonly Finding[])[];
}

/** Ours, each parsed by itself; and what looks as if it was meant to be ours. */
function selectIngresses(snapshot: Snapshot, context: SelectionContext): SelectedIngresses {
  const { options, memory } = context;
  const ownerOf = createIngressSelection(snapshot, options);
  const served: ParsedIngress[] = [];
  const objects = { served: [] as Ingress[], dropped: [] as Ingress[] };
  const findings: (readonly Finding[])[] = [];
  for (const [key, ingress] of snapshot.ingresses) {
    const owner = ownerOf(ingress);
    if (owner === 'ours') {
      const parsed = parseOnce(ingress, context);
      served.push(parsed);
      objects[parsed.isServed ? 'served' : 'dropped'].push(ingress);
      if (parsed.findings.length > 0) findings.push(parsed.findings);
    } else if (owner === 'another class') {
      const ingressClass = snapshot.ingressClasses.get(ingress.spec?.ingressClassName ?? '');
      const slips = memory.findings.get(`class ${key}`, [ingress, ingressClass], () => {
        const slip = findClassSlip(ingress, snapshot, options);
        if (slip !== undefined) return [slip];
        return options.isOnlyController ? [reportOtherClass(ingress, options)] : [];
      });
      findings.push(slips);
    }
  }
  return { served, objects, findings };
}

interface DefaultChoice {
  readonly chosen: DefaultCertificate;
  readonly findings: readonly Finding[];
}

/** The Secret of `--default-ssl-certificate` where it can be used, else the generated certificate. Source: routing.md §7.1. */
function chooseDefaultCertificate(
  { secrets }: Snapshot,
  { defaultSslCertificate: key, defaultCertificate }: TranslateOptions,
  memory: Memory,
): DefaultChoice {
  const generated = (): DefaultCertificate => ({
    certificate: defaultCertificate,
    parsed: undefined,
  });
  const secret = key === undefined ? undefined : secrets.get(key);
  if (key === undefined || secret === undefined) {
    const chosen = memory.defaultCertificates.get('', [undefined], generated);
    return { chosen, findings: key === undefined ? [] : reportDefault(key, undefined, memory) };
  }
  const result = memory.secrets.get(key, [secret], () => parseCertificate(secret));
  if ('problem' in result) {
    const chosen = memory.defaultCertificates.get('', [undefined], generated);
    return { chosen, findings: reportDefault(key, result.problem, memory) };
  }
  const { certificate } = result;
  const chosen = memory.defaultCertificates.get('', [result], () => ({
    certificate,
    parsed: result,
  }));
  return { chosen, findings: [] };
}

interface EndpointTlsResults {
  /** By Ingress: `Ingress shop/web`. */
  readonly results: ReadonlyMap<string, EndpointTlsResult>;
  readonly findings: readonly (readonly Finding[])[];
}

/** For every Ingress that says something of TLS to its endpoints. */
function resolveAllEndpointTls(
  ingresses: readonly ParsedIngress[],
  { secrets }: Snapshot,
  memory: Memory,
): EndpointTlsResults {
  const results = new Map<string, EndpointTlsResult>();
  const findings: (readonly Finding[])[] = [];
  for (const { endpointTls: wish } of ingresses) {
    if (wish === undefined) continue;
    const { object } = wish;
    const secret = secrets.get(wish.secret ?? '');
    const result = memory.endpointTls.get(object, [wish, secret], () =>
      resolveEndpointTls(wish, secret),
    );
    if (result !== undefined) results.set(object, result);
    findings.push(
      memory.findings.get(`endpoint tls ${object}`, [wish, result], () =>
        reportEndpointTls(wish, result),
      ),
    );
  }
  return { results, findings };
}

interface ClientVerificationResults {
  /** By Ingress: `Ingress shop/web`. */
  readonly results: ReadonlyMap<string, ClientVerificationResult>;
  readonly findings: readonly (readonly Finding[])[];
}

/** For every Ingress that says something of its clients' certificates. */
function resolveClientVerifications(
  ingresses: readonly ParsedIngress[],
  { secrets }: Snapshot,
  memory: Memory,
): ClientVerificationResults {
  const results = new Map<string, ClientVerificationResult>();
  const findings: (readonly Finding[])[] = [];
  for (const { clientVerification: wish } of ingresses) {
    if (wish === undefined) continue;
    const { object } = wish;
    const secret = secrets.get(wish.secret ?? '');
    const result = memory.clientVerifications.get(object, [wish, secret], () =>
      resolveClientVerification(wish, secret),
    );
    if (result !== undefined) results.set(object, result);
    findings.push(
      memory.findings.get(`clients ${object}`, [wish, result], () =>
        reportClientVerification(wish, result),
      ),
    );
  }
  return { results, findings };
}

function reportDefault(
  key: string,
  problem: string | undefined,
  memory: Memory,
): readonly Finding[] {
  return memory.findings.get('default certificate', [problem], () => {
    const code = problem === undefined ? 'secret-missing' : 'certificate-invalid';
    const why = problem === undefined ? 'it does not exist' : problem;
    const message = `It is named by --default-ssl-certificate, but ${why}: a generated certificate takes its place. Store a pair that fits there.`;
    return [finding(code, `Secret ${key}`, undefined, message)];
  });
}

function referencesOf(
  ingresses: readonly ParsedIngress[],
  { externalNames, nodes, samples }: BackendsResult,
  { options, global }: Pick<SelectionContext, 'options' | 'global'>,
): References {
  const { configMap, defaultSslCertificate } = options;
  const dhParameters = global.values['ssl-dh-param'];
  const secrets = new Set<string>();
  for (const ingress of ingresses) {
    for (const secret of ingress.secrets) secrets.add(secret);
  }
  if (defaultSslCertificate !== undefined) secrets.add(defaultSslCertificate);
  if (dhParameters !== '') secrets.add(dhParameters);
  const configMaps = new Set(streamConfigMapsOf(options).map(([, key]) => key));
  if (configMap !== undefined) configMaps.add(configMap);
  return { secrets, configMaps, externalNames, nodes, samples };
}
