import type { ServingEndpoint } from './slice-endpoints.ts';
import type { Service } from './snapshot.ts';
import { objectOf } from './loose.ts';

/** Where this process is; undefined: not known, and then nothing is nearer than anything else. */
export interface Here {
  readonly nodeName: string | undefined;
  /** Undefined also where hints are not to be followed. */
  readonly zone: string | undefined;
  readonly followsHints: boolean;
}

/** `internalTrafficPolicy: Local`: endpoints on this Node, or none. Source: v1 ServiceSpec. */
export function onThisNode(
  endpoints: readonly ServingEndpoint[],
  service: Service,
  { nodeName }: Here,
): readonly ServingEndpoint[] {
  if (objectOf(service.spec)?.internalTrafficPolicy !== 'Local' || nodeName === undefined) {
    return endpoints;
  }
  return endpoints.filter((endpoint) => endpoint.nodeName === nodeName);
}

/**
 * Those that are hinted for this Node, else for this zone; all of them where one has no such hint, or where none is for here:
 * a zone without endpoints must not go without, and hints that are half written mean nothing. Source: kube-proxy's topology.go.
 */
export function hintedForHere(
  endpoints: readonly ServingEndpoint[],
  { nodeName, zone, followsHints }: Here,
): readonly ServingEndpoint[] {
  if (!followsHints) return endpoints;
  return (
    hintedFor(endpoints, nodeName, ({ hintedNodes }) => hintedNodes) ??
    hintedFor(endpoints, zone, ({ hintedZones }) => hintedZones) ??
    endpoints
  );
}

function hintedFor(
  endpoints: readonly ServingEndpoint[],
  here: string | undefined,
  hintsOf: (endpoint: ServingEndpoint) => readonly string[],
): readonly ServingEndpoint[] | undefined {
  if (here === undefined || endpoints.some((endpoint) => hintsOf(endpoint).length === 0)) {
    return undefined;
  }
  const near = endpoints.filter((endpoint) => hintsOf(endpoint).includes(here));
  return near.length > 0 ? near : undefined;
}
