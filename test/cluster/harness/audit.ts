import { readFile } from 'node:fs/promises';

/** One line of the API server's audit log, as much of it as tests read. Source: audit.k8s.io/v1 Event. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    /** Of a list or watch too, when it selects `metadata.name`. */
    readonly name?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What one ServiceAccount asked the API server so far. */
export async function auditedRequests(
  auditLog: string,
  namespace: string,
  serviceAccount: string,
): Promise<AuditEvent[]> {
  const username = `system:serviceaccount:${namespace}:${serviceAccount}`;
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username === username);
}

/** `<verb> <resource>` as roles write it (`update ingresses/status`), each once, sorted. */
export function verbsOf(events: readonly AuditEvent[]): string[] {
  const verbs = events.map(({ verb, objectRef: { resource = '-', subresource } = {} }) => {
    return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  });
  return [...new Set(verbs)].sort();
}
