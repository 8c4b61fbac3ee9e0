import type { Finding } from '../model/finding.ts';
import type { ServiceBackend } from './backend.ts';
import { parseAddress } from './endpoint-address.ts';
import { parseExternalName } from './external-name.ts';
import { finding, quote } from './finding.ts';
import { integerOf, objectOf, textOf } from './loose.ts';
import type { NodePlace } from './node-places.ts';
import {
  clusterIpOf,
  loadBalancerNames,
  loadBalancerOf,
  nodePortsOf,
  type Exposure,
} from './service-exposure.ts';
import { findServicePort } from './service-port.ts';
import {
  isPort,
  nearEndpoints,
  servingEndpoints,
  sortEndpoints,
  type ServingEndpoint,
} from './slice-endpoints.ts';
import type { EndpointSlice, Service, ServicePort, UpstreamAddress } from './snapshot.ts';
import type { Here } from './topology.ts';
import type { TranslateOptions } from './translate-options.ts';
import {
  empty,
  withUsable,
  type BackendProblem,
  type EndpointSetResult,
} from './usable-endpoints.ts';

export interface EndpointSetInputs {
  readonly backend: ServiceBackend;
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[] | undefined;
  /** What DNS says of each of `externalNamesOf`. Undefined: not asked, or not answered yet. */
  readonly dnsAnswers: readonly (readonly string[] | undefined)[];
  readonly address: UpstreamAddress;
  /** For `node-port` alone. */
  readonly nodes: readonly NodePlace[];
  readonly here: Here;
}

/** The endpoints of a Service port, and what is missing for there to be any. Source: routing.md §8 and §9. */
export function translateEndpointSet(
  inputs: EndpointSetInputs,
  options: TranslateOptions,
): EndpointSetResult {
  const { backend, service } = inputs;
  const key = `${backend.namespace}/${backend.service}`;
  if (service === undefined) return empty(backend, serviceMissing(backend, options));
  const port = findServicePort(service, backend.port);
  if (objectOf(service.spec)?.type === 'ExternalName') {
    return translateExternalName(inputs, service, port, options);
  }
  if (port === undefined) {
    const reason = `the Service ${key} has no TCP port ${quote(backend.port)}`;
    return empty(backend, { code: 'service-port-missing', reason });
  }
  return inputs.address === 'endpoints'
    ? directEndpoints(inputs, service, port, options)
    : exposedEndpoints(inputs, service, port, options);
}

/** The default backend may be where nobody looks. */
function serviceMissing(
  { namespace, serviceKey }: ServiceBackend,
  { watchNamespaces }: TranslateOptions,
): BackendProblem {
  const code = 'service-missing';
  if (watchNamespaces.length === 0 || watchNamespaces.includes(namespace)) {
    return { code, reason: `the Service ${serviceKey} does not exist` };
  }
  const remedy = 'Name one in a namespace that --watch-namespace names.';
  return { code, reason: `the Service ${serviceKey} is not watched`, remedy };
}

/** What DNS must be asked for: the name of an ExternalName Service, or those of a load balancer. */
export function externalNamesOf(
  service: Service | undefined,
  address: UpstreamAddress,
  options: TranslateOptions,
): readonly string[] {
  const spec = objectOf(service?.spec);
  if (service === undefined || spec === undefined) return [];
  if (spec.type !== 'ExternalName') {
    return address === 'load-balancer' ? loadBalancerNames(service, options) : [];
  }
  if (options.disableSvcExternalName) return [];
  const external = parseExternalName(textOf(spec.externalName) ?? '', options);
  return external?.kind === 'name' ? [external.value] : [];
}

function directEndpoints(
  { backend, slices = [], here }: EndpointSetInputs,
  service: Service,
  port: ServicePort,
  options: TranslateOptions,
): EndpointSetResult {
  const near = nearEndpoints(slices, port, service, here);
  const endpoints = near.map((endpoint) => ({ address: endpoint.address, port: endpoint.port }));
  const problem =
    near.length === 0 && servingEndpoints(slices, port).length > 0
      ? noneHere(backend)
      : noneReady(backend);
  return withUsable(backend, endpoints, options, problem);
}

/**
 * What the cluster offers in place of the endpoints. Without an endpoint that serves, nothing: kube-proxy would refuse each
 * connection, and the client shall have the same 503 as ever. And where one must not be reached directly, it must not be
 * reached so either.
 */
function exposedEndpoints(
  inputs: EndpointSetInputs,
  service: Service,
  port: ServicePort,
  options: TranslateOptions,
): EndpointSetResult {
  const { backend, slices = [], here, address } = inputs;
  const serving = servingEndpoints(slices, port);
  const behind = withUsable(backend, serving, options, noneReady(backend));
  if (serving.length === 0 || behind.findings.length > 0) {
    return {
      ...behind,
      set: { id: backend.endpointSet, endpoints: [] },
      problem: behind.problem ?? leadsAstray(backend),
    };
  }
  if (address === 'cluster-ip' && nearEndpoints(slices, port, service, here).length === 0) {
    return empty(backend, noneHere(backend));
  }
  const exposure = exposureOf(inputs, service, port, serving);
  if (exposure === undefined) {
    const direct = directEndpoints(inputs, service, port, options);
    return { ...direct, findings: [...direct.findings, reportHeadless(backend)] };
  }
  const isPending = inputs.dnsAnswers.includes(undefined);
  const reason = `the Service ${backend.serviceKey} ${exposure.lack}`;
  const result = withUsable(backend, exposure.endpoints, options, {
    code: 'service-not-exposed',
    reason,
  });
  return {
    ...result,
    problem: isPending ? undefined : result.problem,
    findings: [...result.findings, ...reportAffinity(backend, service)],
  };
}

function exposureOf(
  { address, nodes, dnsAnswers }: EndpointSetInputs,
  service: Service,
  port: ServicePort,
  serving: readonly ServingEndpoint[],
): Exposure | undefined {
  switch (address) {
    case 'cluster-ip':
      return clusterIpOf(service, port, serving);
    case 'node-port':
      return nodePortsOf(service, port, serving, nodes);
    case 'load-balancer':
      return loadBalancerOf(
        service,
        port,
        dnsAnswers.flatMap((answer) => answer ?? []),
      );
    case 'endpoints':
      return undefined;
  }
}

function noneReady({ serviceKey, port }: ServiceBackend): BackendProblem {
  const reason = `the Service ${serviceKey} has no ready endpoint behind its port ${quote(port)}`;
  return { code: 'service-without-endpoints', reason };
}

function noneHere({ serviceKey, port }: ServiceBackend): BackendProblem {
  const reason = `the Service ${serviceKey} has no ready endpoint behind its port ${quote(port)} on this Node, and its internalTrafficPolicy is Local`;
  return { code: 'service-without-endpoints', reason };
}

function leadsAstray({ serviceKey }: ServiceBackend): BackendProblem {
  const reason = `the Service ${serviceKey} leads to addresses that are not used, among others`;
  return { code: 'service-without-endpoints', reason };
}

/** kube-proxy would tell clients apart by their addresses, and has but one of them. */
function reportAffinity({ serviceKey }: ServiceBackend, service: Service): Finding[] {
  if (objectOf(service.spec)?.sessionAffinity !== 'ClientIP') return [];
  const message =
    'It is not reached by its endpoints, so its sessionAffinity ClientIP takes this proxy for its only client: all requests go to one pod. Take sessionAffinity off, or let it be reached by its endpoints.';
  return [
    finding('client-affinity-lost', `Service ${serviceKey}`, 'spec.sessionAffinity', message),
  ];
}

function reportHeadless({ serviceKey, port }: ServiceBackend): Finding {
  const message = `It has no cluster IP, by which its port ${quote(port)} is to be reached: its endpoints are used in its place.`;
  return finding('upstream-address-missing', `Service ${serviceKey}`, undefined, message);
}

function translateExternalName(
  { backend, dnsAnswers: [dnsAnswer] }: EndpointSetInputs,
  service: Service,
  servicePort: ServicePort | undefined,
  options: TranslateOptions,
): EndpointSetResult {
  const key = `${backend.namespace}/${backend.service}`;
  const written = textOf(service.spec?.externalName) ?? '';
  if (options.disableSvcExternalName) {
    const reason = `the Service ${key} is an ExternalName, which --disable-svc-external-name switches off`;
    return empty(backend, { code: 'external-name-invalid', reason });
  }
  const external = parseExternalName(written, options);
  if (external === undefined) {
    const reason = `the external name ${quote(written)} of the Service ${key} is no name that may be served`;
    return empty(backend, { code: 'external-name-invalid', reason });
  }
  const port = externalPort(backend, servicePort);
  if (port === undefined) {
    const reason = `the Service ${key} has no port ${quote(backend.port)}, and an external name has no other`;
    return empty(backend, { code: 'service-port-missing', reason });
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
