import type { Passthrough, Route, VirtualHost } from '../../model/config.ts';
import type { ClusterState } from '../cluster.ts';
import { ClientGuard } from '../client-guard.ts';
import type { Filter } from '../filter.ts';
import { createFilter } from '../filters/index.ts';
import { PathTable } from './path-table.ts';
import type { PathEntry } from './path-table.ts';
import { PatternTable } from './pattern-table.ts';

/** One host's routes, ready to match. Replaced as a whole when its VirtualHost changes. */
export interface HostTable {
  readonly config: VirtualHost;
  /** Run before a route is looked up. */
  readonly filters: readonly Filter[];
  /** Undefined: certificates of clients mean nothing here. */
  readonly guard: ClientGuard | undefined;
  /** Undefined: TLS ends here. */
  readonly passthrough: CompiledPassthrough | undefined;
  /** The route for a normalised path. */
  match(path: string): CompiledRoute | undefined;
}

/** An exchange holds its route to the end, whatever becomes of the table meanwhile. */
export interface CompiledRoute {
  readonly config: Route;
  readonly early: readonly Filter[];
  /** Run only when the cluster has an endpoint. */
  readonly access: readonly Filter[];
  /** The one of `early` that sends plaintext requests to TLS. */
  readonly toTls: Filter | undefined;
  /** Undefined: the route does not forward. A cluster that is not (yet) in the config has no endpoint. */
  readonly cluster: ClusterState | undefined;
}

/** A connection holds it to the end. */
export interface CompiledPassthrough {
  readonly config: Passthrough;
  /** One that is not (yet) in the config has no endpoint. */
  readonly cluster: ClusterState;
}

/** A route on its way into the table, which fills in the cluster. */
interface LinkableRoute extends CompiledRoute {
  cluster: ClusterState | undefined;
}

/** How the table makes and ends the uses of clusters by routes. */
export interface ClusterLinks {
  retain(id: string): ClusterState;
  release(id: string): void;
}

export class CompiledHost implements HostTable {
  readonly config: VirtualHost;
  readonly filters: readonly Filter[];
  readonly guard: ClientGuard | undefined;
  #passthrough: CompiledPassthrough | undefined = undefined;
  readonly #routes: readonly LinkableRoute[];
  readonly #lookup: PathTable<CompiledRoute> | PatternTable<CompiledRoute>;

  /** Throws where a filter or a pattern does not compile. */
  constructor(config: VirtualHost) {
    this.config = config;
    this.filters = config.filters.map(createFilter);
    const { clientVerification } = config;
    this.guard = clientVerification === undefined ? undefined : new ClientGuard(clientVerification);
    this.#routes = config.routes.map(compileRoute);
    this.#lookup = createLookup(config.matching, this.#routes);
  }

  get passthrough(): CompiledPassthrough | undefined {
    return this.#passthrough;
  }

  match(path: string): CompiledRoute | undefined {
    return this.#lookup.match(path);
  }

  link(clusters: ClusterLinks): void {
    const { passthrough } = this.config;
    if (passthrough !== undefined) {
      const cluster = clusters.retain(passthrough.cluster);
      this.#passthrough = { config: passthrough, cluster };
    }
    for (const route of this.#routes) {
      const { action } = route.config;
      if (action.kind === 'forward') route.cluster = clusters.retain(action.cluster);
    }
  }

  /** Routes keep their clusters: exchanges may still run on them. */
  unlink(clusters: ClusterLinks): void {
    const { passthrough } = this.config;
    if (passthrough !== undefined) clusters.release(passthrough.cluster);
    for (const { config } of this.#routes) {
      if (config.action.kind === 'forward') clusters.release(config.action.cluster);
    }
  }
}

function compileRoute(config: Route): LinkableRoute {
  const filters = config.filters.map(createFilter);
  return {
    config,
    early: filters.filter(({ phase }) => phase === 'early'),
    access: filters.filter(({ phase }) => phase === 'access'),
    toTls: filters[config.filters.findIndex(({ kind }) => kind === 'https-redirect')],
    cluster: undefined,
  };
}

function createLookup(
  matching: VirtualHost['matching'],
  routes: readonly CompiledRoute[],
): PathTable<CompiledRoute> | PatternTable<CompiledRoute> {
  if (matching === 'patterns') {
    return new PatternTable(routes.map((value) => ({ match: value.config.match, value })));
  }
  return new PathTable(routes.map(pathEntry));
}

function pathEntry(value: CompiledRoute): PathEntry<CompiledRoute> {
  const { match } = value.config;
  if (match.kind === 'pattern') throw new Error(`pattern among paths: ${match.pattern}`);
  return { match, value };
}
