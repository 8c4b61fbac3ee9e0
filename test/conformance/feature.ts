import type { Site } from './site.ts';

/** One sentence of the Ingress API's documentation, tried on the wire. */
export interface Scenario {
  readonly name: string;
  check(site: Site): Promise<void>;
}

/** A feature has a namespace to itself, and no other feature's Ingresses exist beside its own. */
export interface Feature {
  readonly name: string;
  /** Each becomes a Deployment of one pod and a Service of the same name, port 8080. */
  readonly services: readonly string[];
  /** Applies what all scenarios need, and waits until it is exposed. */
  prepare(site: Site): Promise<void>;
  readonly scenarios: readonly Scenario[];
  /** Answered by one of its Ingresses: 404 says that they are gone. */
  readonly lastUrl: string;
}

/** A GET of `url` is answered by `service`. */
export function served(name: string, url: string, service: string): Scenario {
  return {
    name,
    check: async (site) => {
      await site.assertServed({ url }, service);
    },
  };
}

/** A GET of `url` is answered 404. */
export function notFound(name: string, url: string): Scenario {
  return { name, check: (site) => site.assertNotFound({ url }) };
}

/** `backend` of an Ingress. */
export function backend(service: string): object {
  return { service: { name: service, port: { number: 8080 } } };
}

export type PathType = 'Exact' | 'Prefix' | 'ImplementationSpecific';

export function path(pathType: PathType, text: string, service: string): object {
  return { path: text, pathType, backend: backend(service) };
}

/** A rule of an Ingress; `host` undefined: for all hosts. */
export function rule(host: string | undefined, ...paths: readonly object[]): object {
  return { ...(host === undefined ? {} : { host }), http: { paths } };
}
