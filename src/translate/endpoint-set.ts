import type { Endpoint, EndpointSet } from '../model/config.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import type { ServiceBackend } from './backend.ts';
import { isLocalAddress, isOwnEndpoint, parseAddress } from './endpoint-address.ts';
import { parseExternalName } from './external-name.ts';
import { finding, quote } from './finding.ts';
import { integerOf, objectOf, textOf } from './loose.ts';
import { findServicePort } from './service-port.ts';
import { isPort, sliceEndpoints, sortEndpoints } from './slice-endpoints.ts';
import type { EndpointSlice, Service, ServicePort } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

/** Why a Service port has no endpoint; told of every Ingress that sends there. */
export interface BackendProblem {
  readonly code: FindingCode;
  /** Half a sentence, without the consequence. */
  readonly reason: string;
}

export interface EndpointSetResult {
  readonly set: EndpointSet;
  readonly problem: BackendProblem | undefined;
  /** About the Service itself. */
  readonly findings: readonly Finding[];
}

export interface EndpointSetInputs {
  readonly backend: ServiceBackend;
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[] | undefined;
  /** Undefined: not asked, or not answered yet. */
  readonly dnsAnswer: readonly string[] | undefined;
}

/** The endpoints of a Service port, and what is missing for there to be any. Source: routing.md §8 and §9. */
export function translateEndpointSet(
  inputs: EndpointSetInputs,
  options: TranslateOptions,
): EndpointSetResult {
  const { backend, service } = inputs;
  const key = `${backend.namespace}/${backend.service}`;
  if (service === undefined) {
    return empty(backend, 'service-missing', `the Service ${key} does not exist`);
  }
  const port = findServicePort(service, backend.port);
  if (objectOf(service.spec)?.type === 'ExternalName') {
    return translateExternalName(inputs, service, port, options);
  }
  if (port === undefined) {
    const reason = `the Service ${key} has no TCP port ${quote(backend.port)}`;
    return empty(backend, 'service-port-missing', reason);
  }
  const endpoints = sliceEndpoints(inputs.slices ?? [], port);
  return withUsable(backend, endpoints, options, {
    code: 'service-without-endpoints',
    reason: `the Service ${key} has no ready endpoint behind its port ${quote(backend.port)}`,
  });
}

/** The external name that DNS must be asked for, if this is such a Service. */
export function externalNameOf(
  service: Service | undefined,
  options: TranslateOptions,
): string | undefined {
  const spec = objectOf(service?.spec);
  if (spec?.type !== 'ExternalName' || options.disableSvcExternalName) return undefined;
  const external = parseExternalName(textOf(spec.externalName) ?? '', options);
  return external?.kind === 'name' ? external.value : undefined;
}

function translateExternalName(
  { backend, dnsAnswer }: EndpointSetInputs,
  service: Service,
  servicePort: ServicePort | undefined,
  options: TranslateOptions,
): EndpointSetResult {
  const key = `${backend.namespace}/${backend.service}`;
  const written = textOf(service.spec?.externalName) ?? '';
  if (options.disableSvcExternalName) {
    const reason = `the Service ${key} is an ExternalName, which --disable-svc-external-name switches off`;
    return empty(backend, 'external-name-invalid', reason);
  }
  const external = parseExternalName(written, options);
  if (external === undefined) {
    const reason = `the external name ${quote(written)} of the Service ${key} is no name that may be served`;
    return empty(backend, 'external-name-invalid', reason);
  }
  const port = externalPort(backend, servicePort);
  if (port === undefined) {
    const reason = `the Service ${key} has no port ${quote(backend.port)}, and an external name has no other`;
    return empty(backend, 'service-port-missing', reason);
  }
  const texts = external.kind === 'address' ? [external.value] : (dnsAnswer ?? []);
  const addresses = new Set(texts.map(parseAddress).filter((text) => text !== undefined));
  const endpoints = sortEndpoints([...addresses].map((address) => ({ address, port })));
  const problem: BackendProblem = {
    code: 'external-name-unresolved',
    reason: `the external name ${quote(written)} of the Service ${key} does not resolve`,
  };
  const result = withUsable(backend, endpoints, options, problem);
  // Without an answer there is nothing to complain of yet.
  const isPending = external.kind === 'name' && dnsAnswer === undefined;
  return { ...result, problem: isPending ? undefined : result.problem };
}

/** The Service's port that matches, through its numeric targetPort; else the number in the Ingress. */
function externalPort(
  backend: ServiceBackend,
  servicePort: ServicePort | undefined,
): number | undefined {
  const written = /^\d{1,5}$/.test(backend.port) ? Number(backend.port) : undefined;
  const port =
    servicePort === undefined
      ? written
      : (integerOf(servicePort.targetPort) ?? integerOf(servicePort.port));
  return isPort(port) ? port : undefined;
}

/** Leaves out addresses that must not be reached, with one finding for all of a kind. */
function withUsable(
  backend: ServiceBackend,
  endpoints: readonly Endpoint[],
  options: TranslateOptions,
  problem: BackendProblem,
): EndpointSetResult {
  const usable: Endpoint[] = [];
  const local: Endpoint[] = [];
  const own: Endpoint[] = [];
  for (const endpoint of endpoints) {
    if (!options.allowLocalEndpoints && isLocalAddress(endpoint.address)) local.push(endpoint);
    else if (isOwnEndpoint(endpoint, options)) own.push(endpoint);
    else usable.push(endpoint);
  }
  const findings = [...reportLocal(backend, local), ...reportOwn(backend, own)];
  return {
    set: { id: backend.endpointSet, endpoints: usable },
    problem: usable.length > 0 ? undefined : findings.length > 0 ? allRefused(backend) : problem,
    findings,
  };
}

function allRefused({ namespace, service }: ServiceBackend): BackendProblem {
  const reason = `all endpoints of the Service ${namespace}/${service} are at addresses that are not used`;
  return { code: 'service-without-endpoints', reason };
}

function reportLocal(backend: ServiceBackend, refused: readonly Endpoint[]): Finding[] {
  if (refused.length === 0) return [];
  const list = listSome(refused.map(({ address }) => address));
  const message = `Endpoints at loopback, link-local or unspecified addresses are not used: ${list}. Take them out of the EndpointSlice or the DNS name.`;
  return [refusedFinding(backend, message)];
}

function reportOwn(backend: ServiceBackend, refused: readonly Endpoint[]): Finding[] {
  if (refused.length === 0) return [];
  const list = listSome(refused.map(({ address, port }) => `${address} port ${port}`));
  const message = `Endpoints at this controller's own addresses and ports are not used: ${list}. Name the Service that shall answer, or take them out of the EndpointSlice or the DNS name.`;
  return [refusedFinding(backend, message)];
}

function listSome(texts: readonly string[]): string {
  return [...new Set(texts)].slice(0, 5).join(', ');
}

function refusedFinding({ namespace, service }: ServiceBackend, message: string): Finding {
  return finding('endpoint-refused', `Service ${namespace}/${service}`, undefined, message);
}

function empty(backend: ServiceBackend, code: FindingCode, reason: string): EndpointSetResult {
  return {
    set: { id: backend.endpointSet, endpoints: [] },
    problem: { code, reason },
    findings: [],
  };
}
