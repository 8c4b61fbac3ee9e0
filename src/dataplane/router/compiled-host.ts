import type { Route, VirtualHost } from '../../model/config.ts';
import type { ClusterState } from '../cluster.ts';
import type { Filter } from '../filter.ts';

/** One host's routes, ready to match. Replaced as a whole when its VirtualHost changes. */
export interface HostTable {
  readonly config: VirtualHost;
  /** Run before a route is looked up. */
  readonly filters: readonly Filter[];
  /** The route for a normalised path. */
  match(path: string): CompiledRoute | undefined;
}

/** An exchange holds its route to the end, whatever becomes of the table meanwhile. */
export interface CompiledRoute {
  readonly config: Route;
  readonly early: readonly Filter[];
  /** Run only when the cluster has an endpoint. */
  readonly access: readonly Filter[];
  /** Undefined: the route does not forward, or its cluster is not (yet) in the config. */
  readonly cluster: ClusterState | undefined;
}
