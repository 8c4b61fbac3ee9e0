import type { ProxyConfig, Route, VirtualHost } from '../model/config.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

/** More rows help nobody; all of them are at `/config`. */
const MAX_HOSTS = 200;
const MAX_ROUTES = 20;

export function hostsSection(config: ProxyConfig | undefined, filter: string): Html {
  const hosts = [...(config?.virtualHosts.values() ?? [])];
  const shown = hosts.filter((host) => matches(host, filter)).sort(byName);
  const count = shown.length === hosts.length ? hosts.length : `${shown.length} of ${hosts.length}`;
  return html`<section>
    <h2>Hosts <small>${count}</small></h2>
    ${
      config === undefined || shown.length === 0
        ? html`<p class="quiet">
            ${hosts.length === 0 ? 'No Ingress is served yet.' : 'None matches the filter.'}
          </p>`
        : hostsTable(config, shown)
    }
  </section>`;
}

function hostsTable(config: ProxyConfig, hosts: readonly VirtualHost[]): Html {
  const hidden = hosts.length - MAX_HOSTS;
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Host</th>
            <th>Path</th>
            <th>Served by</th>
            <th>Ingress</th>
          </tr>
        </thead>
        ${hosts.slice(0, MAX_HOSTS).map((host) => hostRows(config, host))}
      </table>
    </div>
    ${hidden > 0 ? html`<p class="quiet">${hidden} more at <a href="/config">/config</a>.</p>` : ''}`;
}

/** One table body a host, its name spanning the rows of its routes. */
function hostRows(config: ProxyConfig, host: VirtualHost): Html {
  const routes = host.routes.slice(0, MAX_ROUTES).map((route) => ({
    ...route,
    filters: [...host.filters, ...route.filters],
  }));
  const hidden = host.routes.length - routes.length;
  const rows = routes.map((route) => routeCells(config, route));
  if (hidden > 0) rows.push(html`<td colspan="3" class="quiet">${hidden} more</td>`);
  if (rows.length === 0) rows.push(html`<td colspan="3" class="quiet">no route</td>`);
  return html`<tbody>
    ${rows.map(
      (cells, position) =>
        html`<tr>
          ${position === 0 ? hostCell(host, rows.length) : ''}${cells}
        </tr> `,
    )}
  </tbody>`;
}

function hostCell({ name, aliases, certificate }: VirtualHost, span: number): Html {
  return html`<th scope="rowgroup" rowspan="${span}">
    ${name === '' ? html`<em>any other host</em>` : name}${aliases.map(
      (alias) => html`<br /><small>${alias}</small>`,
    )}${certificate === undefined ? '' : html`<br /><small title="certificate">TLS ${certificate}</small>`}
  </th>`;
}

function routeCells(config: ProxyConfig, { match, action, labels, filters }: Route): Html {
  const path = match.kind === 'pattern' ? match.pattern : match.path;
  const closed = filters.find((filter) => filter.kind === 'deny');
  return html`<td><code>${path}</code> <small>${match.kind}</small></td>
    <td>
      ${closed === undefined ? '' : html`<span class="tag closed">${closed.status} closed</span> `}${action.kind === 'respond' ? html`<span class="tag closed">${action.status}</span>` : clusterText(config, action.cluster)}
    </td>
    <td>${labels.ingress === '' ? '' : `${labels.namespace}/${labels.ingress}`}</td>`;
}

function clusterText(config: ProxyConfig, id: string): Html {
  const cluster = config.clusters.get(id);
  const endpoints = config.endpointSets.get(cluster?.endpointSet ?? '')?.endpoints.length ?? 0;
  const count = endpoints === 1 ? '1 endpoint' : `${endpoints} endpoints`;
  return html`${cluster?.name ?? id}
  ${
    endpoints === 0
      ? html`<span class="tag closed">no endpoint</span>`
      : html`<small>${count}</small>`
  }`;
}

function matches({ name, aliases, routes }: VirtualHost, filter: string): boolean {
  const labels = routes.map(
    ({ labels: { namespace, ingress, service } }) => `${namespace}/${ingress} ${service}`,
  );
  return [name, ...aliases, ...labels].join(' ').toLowerCase().includes(filter.toLowerCase());
}

/** The catch-all last. */
function byName({ name: one }: VirtualHost, { name: other }: VirtualHost): number {
  if (one === '' || other === '') return one === '' ? 1 : -1;
  return one < other ? -1 : 1;
}
