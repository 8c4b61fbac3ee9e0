import { finding, quote } from './finding.ts';
import { objectOf, textOf } from './loose.ts';
import type { Finding } from '../model/finding.ts';
import type { Service, UpstreamAddress } from './snapshot.ts';
import { oneOf } from './value-parsers.ts';

/** On a Service: how it is reached, whatever `--upstream-address` says. */
export const UPSTREAM_ADDRESS_ANNOTATION = 'ts-nginx.io/upstream-address';

const SERVICE_ADDRESS = oneOf('endpoints', 'cluster-ip', 'node-port', 'load-balancer');

/** What an Ingress says by `service-upstream`; undefined: nothing. `false` undoes the ConfigMap's `true`, and no more. */
export type ServiceUpstream = boolean | undefined;

export interface AddressDefaults {
  /** The ConfigMap's `service-upstream`. */
  readonly serviceUpstream: boolean;
  /** `--upstream-address`, or what `auto` has come to. */
  readonly address: UpstreamAddress;
}

export interface AddressChoice {
  readonly address: UpstreamAddress;
  /** Nobody but `--upstream-address` has a say. */
  readonly isDefault: boolean;
  /** About the Service's annotation. */
  readonly finding: Finding | undefined;
}

/** The Ingress first, then the Service, then the ConfigMap, then the command line. */
export function chooseUpstreamAddress(
  wish: ServiceUpstream,
  service: Service,
  { serviceUpstream, address }: AddressDefaults,
): AddressChoice {
  const { own, finding } = readAnnotation(service);
  const isClusterIp = wish ?? serviceUpstream;
  if (wish === true) return { address: 'cluster-ip', isDefault: false, finding };
  if (own !== undefined) return { address: own, isDefault: false, finding };
  if (isClusterIp) return { address: 'cluster-ip', isDefault: false, finding };
  return { address, isDefault: true, finding };
}

function readAnnotation({ metadata }: Service): {
  own: UpstreamAddress | undefined;
  finding: Finding | undefined;
} {
  const annotations = objectOf(metadata.annotations);
  const value = textOf(annotations?.[UPSTREAM_ADDRESS_ANNOTATION])?.trim() ?? '';
  if (value === '') return { own: undefined, finding: undefined };
  const own = SERVICE_ADDRESS.parse(value);
  if (own !== undefined) return { own, finding: undefined };
  const object = `Service ${metadata.namespace ?? 'default'}/${metadata.name}`;
  const field = `metadata.annotations[${UPSTREAM_ADDRESS_ANNOTATION}]`;
  const message = `${quote(value)} is not ${SERVICE_ADDRESS.syntax}. The Service is reached as if the annotation was not there.`;
  return { own: undefined, finding: finding('annotation-invalid', object, field, message) };
}

/** Tells the endpoints of one Service port apart where Ingresses want it reached in different ways. */
export function serviceUpstreamLabel(wish: ServiceUpstream): string {
  if (wish === undefined) return '';
  return wish ? 'service-upstream' : 'no service-upstream';
}
