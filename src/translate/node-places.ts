import { isIPv6 } from 'node:net';
import { parseAddress } from './endpoint-address.ts';
import { objectOf, objectsOf, textEntriesOf, textOf } from './loose.ts';
import type { Node } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

/** A Node whose ports take traffic from outside. */
export interface NodePlace {
  readonly name: string;
  /** The preferred of each family. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The autoscaler is about to end the Node. */
const DOOMED = 'ToBeDeletedByClusterAutoscaler';
const ZONE = 'topology.kubernetes.io/zone';

/**
 * The Nodes that a cloud's load balancer would send to as well: ready, not excluded by label, not about to go. A cordoned one
 * stays: it takes no new pods, and its ports work as before. Sorted by name. Source: the service controller of Kubernetes.
 */
export function usableNodes(
  nodes: Iterable<Node>,
  { nodeAddressType }: Pick<TranslateOptions, 'nodeAddressType'>,
): readonly NodePlace[] {
  return [...nodes]
    .filter((node) => isReady(node) && !isExcluded(node))
    .map((node) => placeOf(node, nodeAddressType))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function zoneOf(node: Node | undefined): string | undefined {
  return new Map(textEntriesOf(node?.metadata.labels)).get(ZONE);
}

function isReady({ status }: Node): boolean {
  const conditions = objectsOf(objectOf(status)?.conditions);
  return conditions.some((condition) => condition?.type === 'Ready' && condition.status === 'True');
}

function isExcluded({ metadata, spec }: Node): boolean {
  const labels = new Map(textEntriesOf(metadata.labels));
  const taints = objectsOf(objectOf(spec)?.taints);
  return (
    labels.has(EXCLUDED) ||
    metadata.deletionTimestamp !== undefined ||
    taints.some((taint) => taint?.key === DOOMED)
  );
}

function placeOf(
  { metadata, status }: Node,
  preferred: TranslateOptions['nodeAddressType'],
): NodePlace {
  const other = preferred === 'InternalIP' ? 'ExternalIP' : 'InternalIP';
  const given = objectsOf(objectOf(status)?.addresses);
  const addresses = [preferred, other].flatMap((type) =>
    given
      .filter((item) => item?.type === type)
      .map((item) => parseAddress(textOf(item?.address) ?? ''))
      .filter((address) => address !== undefined),
  );
  return {
    name: metadata.name,
    ipv4: addresses.find((address) => !isIPv6(address)),
    ipv6: addresses.find((address) => isIPv6(address)),
  };
}
