import type { Finding } from '../model/finding.ts';
import { finding } from './finding.ts';
import { textEntriesOf } from './loose.ts';
import type { ConfigMap, ObjectKey } from './snapshot.ts';

export type StreamProtocol = 'TCP' | 'UDP';

/** More would hide the remedy. */
const MAX_PORTS_SHOWN = 20;

/**
 * TCP and UDP are not carried: what of it a ConfigMap asks for, as one finding. Its keys are ports, its values
 * `<namespace>/<service>:<port>`. Source: `--tcp-services-configmap`, `--udp-services-configmap`.
 */
export function reportStreamServices(
  protocol: StreamProtocol,
  key: ObjectKey,
  configMap: ConfigMap | undefined,
): readonly Finding[] {
  const ports = [...textEntriesOf(configMap?.data)]
    .flatMap(([name]) => (/^\d{1,5}$/.test(name) ? [Number(name)] : []))
    .sort((a, b) => a - b);
  if (ports.length === 0) return [];
  const shown = ports.slice(0, MAX_PORTS_SHOWN).join(', ');
  const more = ports.length > MAX_PORTS_SHOWN ? ` and ${ports.length - MAX_PORTS_SHOWN} more` : '';
  const message =
    `${protocol} is not carried yet: nothing listens on port ${shown}${more}, and the Services behind are not reached. ` +
    'Give them a load balancer of their own, and remove the entries.';
  return [finding('stream-unsupported', `ConfigMap ${key}`, 'data', message)];
}
