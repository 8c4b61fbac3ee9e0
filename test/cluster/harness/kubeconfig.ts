export interface KubeconfigParts {
  /** `https://host:port`. */
  readonly server: string;
  /** Of what the server's certificate is checked against. */
  readonly certificateFile: string;
  readonly token: string;
}

/** A kubeconfig of one user; JSON, which is YAML as well. */
export function kubeconfigText({ server, certificateFile, token }: KubeconfigParts): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificateFile } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
