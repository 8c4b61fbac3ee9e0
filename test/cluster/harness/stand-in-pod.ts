export interface StandInPodOptions {
  /** Also its label `app.kubernetes.io/name`, unless `app` is another. */
  readonly name: string;
  readonly namespace: string;
  readonly app?: string;
  readonly node?: string;
  /** It has a probe that never passes. */
  readonly isIll?: true;
}

/** A pod that is there to be looked up: by a process that has its name, or as another one of those. It runs an echo server. */
export function standInPod(options: StandInPodOptions): object {
  const { name, namespace, app = name, node, isIll } = options;
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const probe = { httpGet: { path: '/', port: 1 }, periodSeconds: 1 };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/name': app } },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'stand-in',
          image: 'stand-in',
          securityContext,
          ...(isIll === undefined ? {} : { readinessProbe: probe }),
        },
      ],
    },
  };
}
