import type { Finding } from '../../model/finding.ts';
import type { ApiError } from './api-error.ts';

export interface RefusedWrite {
  readonly verb: string;
  /** With its group: `ingresses.networking.k8s.io/status`. */
  readonly resource: string;
  readonly namespace: string;
  /** What is paused, where that is not all that is done with the resource. */
  readonly what?: string;
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
  /** What is paused (mostly a resource) → namespace → when to try again. */
  readonly #until = new Map<string, Map<string, number>>();

  constructor(options: ForbiddenWritesOptions) {
    this.#options = options;
  }

  refused({ verb, resource, namespace, what = resource }: RefusedWrite, error: ApiError): void {
    let namespaces = this.#until.get(what);
    if (namespaces === undefined) {
      namespaces = new Map();
      this.#until.set(what, namespaces);
      const report = reportOf({ verb, resource, namespace, what }, error.message);
      this.#options.setFindings(originOf(what), [report]);
    }
    namespaces.set(namespace, this.#options.now() + PAUSE_MS);
  }

  /** A write of it worked. */
  allowed(what: string, namespace: string): void {
    const namespaces = this.#until.get(what);
    if (namespaces?.delete(namespace) !== true || namespaces.size > 0) return;
    this.#until.delete(what);
    this.#options.setFindings(originOf(what), []);
  }

  /** Whether it was refused there a short while ago. */
  isPaused(what: string, namespace: string): boolean {
    const until = this.#until.get(what)?.get(namespace);
    return until !== undefined && this.#options.now() < until;
  }
}

function originOf(what: string): string {
  return `forbidden write: ${what}`;
}

function reportOf(
  { verb, resource, namespace, what }: Required<RefusedWrite>,
  reason: string,
): Finding {
  return {
    code: 'write-forbidden',
    object: `Resource ${resource}`,
    field: undefined,
    message:
      `The API server does not allow ${verb} of ${resource} in namespace ${namespace} (${reason}). ` +
      `${EFFECTS[what] ?? 'It is left undone'}; traffic is served all the same. ` +
      `Grant ${verb} to the ServiceAccount; it is tried again by itself.`,
    right: { verb, resource },
  };
}

/** Of events: to count on in one that there is. Without it there is a new one each time. */
export const COUNTING = 'patch of events';
/** Who stops last has to know that nobody else serves. */
export const OTHER_PODS = 'pods';

const EFFECTS: Readonly<Record<string, string>> = {
  'leases.coordination.k8s.io':
    'This replica never leads, and without a leader nobody writes the status of Ingresses and events',
  'ingresses.networking.k8s.io/status': 'The status of Ingresses there stays as it is',
  'ingresses.networking.k8s.io': 'The status of Ingresses there stays as it is',
  events: 'Objects there get no events',
  [COUNTING]: 'What happens again is a new event in place of a count',
  [OTHER_PODS]: 'When the last pod stops, Ingresses keep its address in their status',
};
