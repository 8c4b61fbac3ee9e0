import type { FakeObject } from './fake-api-server.ts';

/** An Ingress as kubectl leaves it, with what should not be kept. */
export function ingress(key: string, host = 'shop.example'): FakeObject {
  return {
    metadata: {
      ...nameOf(key),
      managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'web', port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  };
}

export function secret(key: string, text = 'secret text'): FakeObject {
  return {
    metadata: nameOf(key),
    type: 'Opaque',
    data: { 'tls.key': Buffer.from(text).toString('base64') },
  };
}

export function object(key: string): FakeObject {
  return { metadata: nameOf(key) };
}

export function nameOf(key: string): { name: string; namespace?: string } {
  const [first, second] = key.split('/');
  if (second === undefined) return { name: key };
  return { namespace: first ?? '', name: second };
}
