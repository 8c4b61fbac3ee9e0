import { findingEffects } from '../model/finding.ts';
import type { Finding, FindingEffect } from '../model/finding.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

/** More rows help nobody; all of them are at `/findings`. */
const MAX_ROWS = 200;

/** Worst first. */
const ORDER: readonly FindingEffect[] = ['closed', 'partial', 'notice'];

const MEANING: Readonly<Record<FindingEffect, string>> = {
  closed: 'requests are answered with an error on purpose',
  partial: 'something that was written is not in effect',
  notice: 'all is served as written, but probably not as meant',
};

export function findingsSection(findings: readonly Finding[], filter: string): Html {
  const shown = findings.filter((finding) => matches(finding, filter)).sort(byEffect);
  return html`<section>
    <h2>Findings <small>${countText(shown.length, findings.length)}</small></h2>
    ${
      shown.length === 0
        ? html`<p class="quiet">
            ${findings.length === 0 ? 'Nothing to fix.' : 'None matches the filter.'}
          </p>`
        : findingsTable(shown)
    }
  </section>`;
}

function findingsTable(findings: readonly Finding[]): Html {
  const hidden = findings.length - MAX_ROWS;
  return html`<div class="scroll">
      <table class="stacks">
        <thead>
          <tr>
            <th>Effect</th>
            <th>Object</th>
            <th>What is wrong, and the remedy</th>
          </tr>
        </thead>
        <tbody>
          ${findings.slice(0, MAX_ROWS).map(findingRow)}
        </tbody>
      </table>
    </div>
    ${hidden > 0 ? html`<p class="quiet">${hidden} more at <a href="/findings">/findings</a>.</p>` : ''}`;
}

function findingRow({ code, object, field, message }: Finding): Html {
  const effect = findingEffects[code];
  return html`<tr>
    <td><span class="tag ${effect}" title="${MEANING[effect]}">${effect}</span></td>
    <td>
      <strong>${object}</strong>${field === undefined ? '' : html`<br /><code>${field}</code>`}
    </td>
    <td>${message}<br /><code class="quiet">${code}</code></td>
  </tr> `;
}

function matches({ code, object, field, message }: Finding, filter: string): boolean {
  const text = `${code} ${object} ${field ?? ''} ${message}`;
  return text.toLowerCase().includes(filter.toLowerCase());
}

function byEffect(one: Finding, other: Finding): number {
  const rank = ({ code }: Finding) => ORDER.indexOf(findingEffects[code]);
  return rank(one) - rank(other);
}

function countText(shown: number, all: number): string {
  return shown === all ? String(all) : `${shown} of ${all}`;
}
