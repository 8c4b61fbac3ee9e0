/** Manifests of hosts with certificates of their own, beside those of `product.ts`. */
import type { Pair } from './openssl.ts';

/** A TLS Secret of the namespace `wire`. */
export function tlsSecret(name: string, { chain, key }: Pair, ocsp?: string): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const staple = ocsp === undefined ? '' : `\n  tls.ocsp-staple: ${ocsp}`;
  return `apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: ${name}, namespace: wire }
data:
  tls.crt: ${base64(chain)}
  tls.key: ${base64(key)}${staple}
`;
}

/** An Ingress for one host, whose entries of `spec.tls` name these Secrets. */
export function tlsIngress(
  host: string,
  secrets: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
): string {
  const noted = Object.entries(annotations).map(
    ([name, value]) => `    nginx.ingress.kubernetes.io/${name}: ${JSON.stringify(value)}\n`,
  );
  const entries = secrets.map((name) => `    - { hosts: [${host}], secretName: ${name} }\n`);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${host.replaceAll('.', '-')}
  namespace: wire
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
${noted.join('')}spec:
  ingressClassName: ts-nginx
  tls:
${entries.join('')}  rules:
    - host: ${host}
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }]
`;
}
