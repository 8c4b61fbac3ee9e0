import type { Endpoint, EndpointSet } from '../model/config.ts';
import type { Finding, FindingCode } from '../model/finding.ts';
import type { ServiceBackend } from './backend.ts';
import { isLocalAddress, isOwnEndpoint } from './endpoint-address.ts';
import { finding } from './finding.ts';
import type { TranslateOptions } from './translate-options.ts';

/** Why a Service port has no endpoint; told of every Ingress that sends there. */
export interface BackendProblem {
  readonly code: FindingCode;
  /** Half a sentence, without the consequence. */
  readonly reason: string;
  /** A sentence; undefined: the usual one of `code`. */
  readonly remedy?: string;
}

export interface EndpointSetResult {
  readonly set: EndpointSet;
  readonly problem: BackendProblem | undefined;
  /** About the Service itself. */
  readonly findings: readonly Finding[];
}

/** Leaves out addresses that must not be reached, with one finding for all of a kind. */
export function withUsable(
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

export function empty({ endpointSet }: ServiceBackend, problem: BackendProblem): EndpointSetResult {
  return { set: { id: endpointSet, endpoints: [] }, problem, findings: [] };
}
