import type { Finding } from '../../model/finding.ts';
import type { ApiError } from './api-error.ts';

export interface RefusedWrite {
  readonly verb: string;
  /** With its group: `ingresses.networking.k8s.io/status`. */
  readonly resource: string;
  readonly namespace: string;
}

export interface ForbiddenWritesOptions {
  readonly setFindings: (origin: string, findings: readonly Finding[]) => void;
  /** Milliseconds, never set back. */
  readonly now: () => number;
}

/** A permission that is missing is looked for again after so long. */
const PAUSE_MS = 60_000;

/**
 * What the API server does not let us write: one finding for each resource, however many objects of it are meant, and a pause
 * in that namespace instead of a try for each.
 */
export class ForbiddenWrites {
  readonly #options: ForbiddenWritesOptions;
  /** Resource → namespace → when to try again. */
  readonly #until = new Map<string, Map<string, number>>();

  constructor(options: ForbiddenWritesOptions) {
    this.#options = options;
  }

  refused({ verb, resource, namespace }: RefusedWrite, error: ApiError): void {
    let namespaces = this.#until.get(resource);
    if (namespaces === undefined) {
      namespaces = new Map();
      this.#until.set(resource, namespaces);
      this.#options.setFindings(originOf(resource), [
        reportOf(verb, resource, namespace, error.message),
      ]);
    }
    namespaces.set(namespace, this.#options.now() + PAUSE_MS);
  }

  /** A write of it worked. */
  allowed(resource: string, namespace: string): void {
    const namespaces = this.#until.get(resource);
    if (namespaces?.delete(namespace) !== true || namespaces.size > 0) return;
    this.#until.delete(resource);
    this.#options.setFindings(originOf(resource), []);
  }

  /** Whether it was refused there a short while ago. */
  isPaused(resource: string, namespace: string): boolean {
    const until = this.#until.get(resource)?.get(namespace);
    return until !== undefined && this.#options.now() < until;
  }
}

function originOf(resource: string): string {
  return `forbidden write: ${resource}`;
}

function reportOf(verb: string, resource: string, namespace: string, reason: string): Finding {
  return {
    code: 'write-forbidden',
    object: `Resource ${resource}`,
    field: undefined,
    message:
      `The API server does not allow ${verb} of ${resource} in namespace ${namespace} (${reason}). ` +
      `${EFFECTS[resource] ?? 'It is left undone'}; traffic is served all the same. ` +
      `Grant ${verb} to the ServiceAccount; it is tried again by itself.`,
    right: { verb, resource },
  };
}

const EFFECTS: Readonly<Record<string, string>> = {
  'leases.coordination.k8s.io':
    'This replica never leads, and without a leader nobody writes the status of Ingresses and events',
  'ingresses.networking.k8s.io/status': 'The status of Ingresses there stays as it is',
  'ingresses.networking.k8s.io': 'The status of Ingresses there stays as it is',
  events: 'Objects there get no events',
};
