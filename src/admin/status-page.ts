import { createHash } from 'node:crypto';
import type { StatusTotals } from '../explain/status-report.ts';
import type { ProxyConfig } from '../model/config.ts';
import type { AdminState, Readiness, WorkerStatus } from './admin-state.ts';
import type { AdminAnswer } from './answer.ts';
import { findingsSection } from './findings-section.ts';
import { hostsSection } from './hosts-section.ts';
import { Html, html } from './html.ts';
import { STYLE } from './page-style.ts';

/** Not filled in by `html`: its hash covers each byte, line breaks too. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** No script at all, and only the style that stands in the page. */
const CONTENT_SECURITY_POLICY = [
  `default-src 'none'`,
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  `form-action 'self'`,
  `base-uri 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

/** One page with all an operator asks first: is it well, what does it serve, what has to be fixed. `filter` narrows the tables. */
export function statusPage(state: AdminState, version: string, filter: string): AdminAnswer {
  const config = state.config();
  const findings = state.findings();
  const totals = state.status()?.totals;
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>ts-nginx</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>ts-nginx <small>${version}</small></h1>
          <nav>${['/livez', '/readyz?verbose', '/metrics', '/config', '/findings'].map(link)}</nav>
        </header>
        <main>
          ${readinessSection(state.readiness(), totals)} ${figures(state, config, totals)}
          <form method="get" action="/" role="search">
            <label for="q">Filter</label>
            <input
              id="q"
              name="q"
              type="search"
              value="${filter}"
              placeholder="host, Ingress, Service or finding"
            />
            <button>Apply</button>
          </form>
          ${findingsSection(findings, filter)} ${hostsSection(config, filter)}
          ${workersSection(state.workers())}
        </main>
      </body>
    </html> `;
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: text,
    headers: { 'content-security-policy': CONTENT_SECURITY_POLICY },
  };
}

function link(path: string): Html {
  return html`<a href="${path}">${path.replace(/\?.*/, '')}</a> `;
}

/** A pod is ready for traffic whatever the objects say: that nothing comes of it all must stand here as well. */
function readinessSection({ ready, missing }: Readiness, totals: StatusTotals | undefined): Html {
  if (ready) {
    const closed = totals?.ingresses.closed ?? 0;
    if (closed === 0 && (totals?.findings.closed ?? 0) === 0) {
      return html`<p class="state good"><strong>Ready.</strong> Every worker serves.</p>`;
    }
    const served = (totals?.ingresses.served ?? 0) + (totals?.ingresses.partial ?? 0);
    const what =
      closed === 0 ? 'some paths answer' : `${closed} of ${closed + served} Ingresses answer`;
    return html`<p class="state ${served === 0 ? 'bad' : 'partial'}">
      <strong>Ready, but ${what} with errors on purpose.</strong> The findings say why.
    </p>`;
  }
  return html`<div class="state bad">
    <strong>Not ready.</strong> Waiting for:
    <ul>
      ${missing.map((what) => html`<li>${what}</li>`)}
    </ul>
  </div>`;
}

function figures(
  state: AdminState,
  config: ProxyConfig | undefined,
  totals: StatusTotals | undefined,
): Html {
  const appliedAt = state.lastAppliedAt();
  const workers = state.workers();
  const serving = workers.filter((worker) => worker.state === 'serving').length;
  const routes = [...(config?.virtualHosts.values() ?? [])].reduce(
    (sum, host) => sum + host.routes.length,
    0,
  );
  return html`<dl>
    ${figure('Hosts', config?.virtualHosts.size ?? 0)} ${figure('Routes', routes)}
    ${figure('Findings', findingsFigure(state.findings().length, totals))}
    ${figure('Workers serving', `${serving} of ${workers.length}`)}
    ${figure('Config version', state.configVersion())}
    ${figure('Last applied', appliedAt === undefined ? 'never' : timeText(appliedAt))}
  </dl>`;
}

function figure(name: string, value: string | number | Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** How many, and how many of them are the worst. */
function findingsFigure(count: number, totals: StatusTotals | undefined): Html {
  const closed = totals?.findings.closed ?? 0;
  return html`${count} ${closed === 0 ? '' : html`<small>${closed} closed</small>`}`;
}

/** To the second, in UTC. */
function timeText(date: Date): Html {
  const iso = `${date.toISOString().slice(0, 19)}Z`;
  return html`<time datetime="${iso}"
    >${iso.slice(11, 19)} <small>${iso.slice(0, 10)} UTC</small></time
  >`;
}

function workersSection(workers: readonly WorkerStatus[]): Html {
  return html`<section>
    <h2>Workers</h2>
    <div class="scroll narrow">
      <table>
        <thead>
          <tr>
            <th>Worker</th>
            <th>State</th>
            <th>Config version</th>
          </tr>
        </thead>
        <tbody>
          ${workers.map(
            ({ id, state, version }) =>
              html`<tr>
                <td>${id}</td>
                <td><span class="tag ${state === 'serving' ? 'good' : 'bad'}">${state}</span></td>
                <td>${version}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
