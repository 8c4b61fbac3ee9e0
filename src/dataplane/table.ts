import type { ConfigDelta } from '../model/delta.ts';
import type { Settings } from '../model/settings.ts';
import type { Logger } from '../observability/logger.ts';
import type { AddressList } from './address-list.ts';
import type { EndpointState } from './cluster.ts';
import type { HostTable } from './router/compiled-host.ts';
import type { TlsContexts } from './tls/tls-contexts.ts';

export type { CompiledRoute, HostTable } from './router/compiled-host.ts';

/** Everything a worker serves by, compiled from the ProxyConfig. */
export class Table {
  /** Called when no cluster names an endpoint any more: its idle connections can go. */
  onEndpointRemoved: (endpoint: EndpointState) => void = () => undefined;

  constructor(log: Logger) {
    void log;
  }

  /** Throws before the first delta. */
  get settings(): Settings {
    throw new Error('no config yet');
  }

  /** `settings.forwarded.trustedCidrs` */
  get trustedPeers(): AddressList {
    throw new Error('no config yet');
  }

  /** `settings.blockedCidrs` */
  get blockedClients(): AddressList {
    throw new Error('no config yet');
  }

  get tls(): TlsContexts {
    throw new Error('no config yet');
  }

  /** One synchronous step: all of it, or, when something can't be compiled, nothing and it throws. */
  apply(delta: ConfigDelta): void {
    void delta;
  }

  /** Exact name, else wildcard of one label, else `''`. `name`: lower case, no port, no trailing dot. */
  host(name: string): HostTable | undefined {
    void name;
    return undefined;
  }
}
