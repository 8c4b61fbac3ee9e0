import type { Rendered } from './helm.ts';

/** `Kind/name` among what was rendered; throws when it is not there. */
export function findObject(objects: readonly Rendered[], key: string): Rendered {
  const keyOf = ({ kind, metadata }: Rendered): string => `${kind}/${metadata.name}`;
  const found = objects.find((object) => keyOf(object) === key);
  if (found === undefined) throw new Error(`no ${key} among ${objects.map(keyOf).join(', ')}`);
  return found;
}

/** The value at a dotted path (`spec.ports.0.name`); undefined: there is none. */
export function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null) return undefined;
    return (at as Readonly<Record<string, unknown>>)[key];
  }, value);
}

/** The command line of the one workload that runs the controller. */
export function controllerArgs(objects: readonly Rendered[]): string[] {
  const workload = objects.find(
    ({ kind, metadata }) =>
      (kind === 'Deployment' || kind === 'DaemonSet') &&
      metadata.labels?.['app.kubernetes.io/component'] === 'controller',
  );
  return valueAt(workload, 'spec.template.spec.containers.0.args') as string[];
}

/** Kinds of operators that the chart renders for, as far as an API server needs them to know the objects. */
export function foreignKinds(): object[] {
  return [
    kind('monitoring.coreos.com', 'v1', 'ServiceMonitor'),
    kind('monitoring.coreos.com', 'v1', 'PodMonitor'),
    kind('monitoring.coreos.com', 'v1', 'PrometheusRule'),
    kind('keda.sh', 'v1alpha1', 'ScaledObject'),
    kind('cert-manager.io', 'v1', 'Issuer'),
    kind('cert-manager.io', 'v1', 'Certificate'),
  ];
}

function kind(group: string, version: string, name: string): object {
  const singular = name.toLowerCase();
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: name, plural: `${singular}s`, singular },
      versions: [
        { name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } },
      ],
    },
  };
}
