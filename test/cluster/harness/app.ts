import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';

const PORT = 3000;

export interface AppOptions {
  readonly name: string;
  readonly namespace: string;
  readonly replicas?: number;
  /** The pods serve on for so long after their deletion, as a preStop hook. */
  readonly preStopSeconds?: number;
  /** Changed: the pods are replaced, a few at a time. */
  readonly revision?: string;
  /** The Node on which they run; without it the scheduler's stand-in chooses. */
  readonly node?: string;
  /** Of the Deployment and its pods, where the Service has several. */
  readonly variant?: string;
  /** More of the Service. */
  readonly service?: object;
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
}

/** On each namespace that a test makes. */
export const TEST_LABEL = 'ts-nginx.io/cluster-test';

/** A namespace with one app in it, as `kubectl apply` takes it. */
export function appInNamespace(options: AppOptions): readonly object[] {
  const metadata = { name: options.namespace, labels: { [TEST_LABEL]: 'true' } };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata },
    echoServerSource(options.namespace),
    appDeployment(options),
    appService(options),
  ];
}

/** What the pods of a namespace run, where a real kubelet starts them: a Node image with this file mounted. */
function echoServerSource(namespaceName: string): object {
  const source = readFileSync(join(import.meta.dirname, 'echo-server.ts'), 'utf8');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'echo-server', namespace: namespaceName },
    data: { 'echo-server.ts': source },
  };
}

/** A Deployment of echo servers. */
export function appDeployment(options: AppOptions): object {
  const { name, replicas = 1, preStopSeconds = 1, revision = '1', node, variant } = options;
  const labels = { app: name, ...(variant === undefined ? {} : { variant }) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: variant === undefined ? name : `${name}-${variant}`,
      namespace: options.namespace,
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels, annotations: { revision } },
        spec: {
          terminationGracePeriodSeconds: 10,
          ...(node === undefined ? {} : { nodeName: node }),
          containers: [
            {
              name: 'echo',
              image: 'node:26-alpine',
              command: ['node', '/echo/echo-server.ts'],
              ports: [{ name: 'http', containerPort: PORT }],
              env: [
                { name: 'PORT', value: String(PORT) },
                { name: 'SERVICE_NAME', value: name },
                { name: 'NAMESPACE', value: options.namespace },
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ],
              readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 1 },
              lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
              volumeMounts: [{ name: 'echo', mountPath: '/echo' }],
            },
          ],
          volumes: [{ name: 'echo', configMap: { name: 'echo-server' } }],
        },
      },
    },
  };
}

export function appService(options: AppOptions): object {
  const { name, serviceAnnotations: annotations = {}, service = {} } = options;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: options.namespace, annotations },
    spec: {
      selector: { app: name },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      ...service,
    },
  };
}

export interface IngressOptions {
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly path?: string;
  readonly service: string;
  /** A TLS Secret for `host`; plain HTTP is served beside it, not redirected. */
  readonly tlsSecret?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function ingress(options: IngressOptions): object {
  const { name, host, path = '/', service, tlsSecret } = options;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: options.namespace,
      annotations: {
        'nginx.ingress.kubernetes.io/ssl-redirect': 'false',
        ...options.annotations,
      },
    },
    spec: {
      ingressClassName: 'ts-nginx',
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path,
                pathType: 'Prefix',
                backend: { service: { name: service, port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
    },
  };
}

export function tlsSecret(
  name: string,
  namespaceName: string,
  { certificate, key }: Certificate,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: namespaceName },
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  };
}
