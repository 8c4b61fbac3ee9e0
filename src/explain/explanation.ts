import type { JudgedFinding } from './judged-finding.ts';

/** What would become of one request, and why: all of it plain data, as `/explain` prints it. */
export interface Explanation {
  readonly request: {
    readonly scheme: 'http' | 'https';
    /** Lower case, without port: what is routed by. */
    readonly host: string;
    /** Normalised; undefined: it is not valid. */
    readonly path: string | undefined;
    readonly clientAddress: string;
  };
  /** Undefined: nothing is served at all under this name. */
  readonly host: ExplainedHost | undefined;
  readonly route: ExplainedRoute | undefined;
  /** Of the host, then of the route, in order, up to the one that answers. */
  readonly filters: readonly ExplainedFilter[];
  /** What the proxy answers by itself; undefined: an endpoint does. */
  readonly answer: ExplainedAnswer | undefined;
  /** Where the request goes, or would go if nothing answered before. */
  readonly upstream: ExplainedUpstream | undefined;
  /** Who else might have been expected to serve, each with the reason why it does not. */
  readonly others: readonly NotChosen[];
  /** What users have to fix in the objects that have to do with this; and what is of no object of theirs, where it decides. */
  readonly findings: readonly JudgedFinding[];
}

export interface ExplainedHost {
  /** As in `spec.rules[].host`; empty: any other host. */
  readonly name: string;
  readonly matchedBy: 'name' | 'alias' | 'wildcard' | 'any other host';
  /** The Secret, `<namespace>/<name>`; undefined: the default certificate. */
  readonly certificate: string | undefined;
  /** Cluster whose endpoints terminate TLS: of such a connection the proxy sees no request. Absent: TLS ends here. */
  readonly passthrough?: string;
}

export interface ExplainedRoute {
  readonly kind: 'exact' | 'prefix' | 'pattern';
  readonly path: string;
  /** `<namespace>/<name>`; empty: none of them, it is the default backend. */
  readonly ingress: string;
  /** `<name>:<port>` */
  readonly service: string;
  /** Nobody wrote it: it stands for the paths of the host that no rule covers. `ingress` is the one that introduced the host. */
  readonly isImplicit: boolean;
}

export interface ExplainedFilter {
  readonly kind: string;
  readonly isAnswering: boolean;
}

export interface ExplainedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly location?: string;
}

export interface ExplainedUpstream {
  readonly cluster: string;
  readonly protocol: string;
  readonly balancer: string;
  /** What the endpoint is asked for. */
  readonly target: string;
  /** `address:port` */
  readonly endpoints: readonly string[];
}

export interface NotChosen {
  /** `Ingress shop/web: prefix /cart`, `host *.example.com`. */
  readonly what: string;
  readonly why: string;
}

export interface ExplainRequest {
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** As in a Host field. */
  readonly authority: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly clientAddress: string;
  /** What the ClientHello of an https request names, `''` for nothing; undefined: the host of `authority`. */
  readonly serverName?: string | undefined;
}

/** An Ingress of the cluster, served or not. */
export interface KnownIngress {
  /** `<namespace>/<name>` */
  readonly key: string;
  readonly hosts: readonly string[];
  /** What it says of its class; undefined: nothing. */
  readonly className: string | undefined;
  /** Whether it is for us to serve; `unwatched`: its namespace is not. */
  readonly owner: 'ours' | 'another class' | 'unwatched';
}
