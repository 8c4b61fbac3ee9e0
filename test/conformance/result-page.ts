import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { KUBERNETES_VERSION } from '../cluster/harness/build.ts';
import type { Feature } from './feature.ts';
import { SETTINGS } from './site.ts';

export const RESULT_PAGE = join(import.meta.dirname, '../../docs/conformance.md');
/** Set: the page is written anew, with today's date. */
export const WRITE_VARIABLE = 'WRITE_CONFORMANCE_PAGE';

/** What the page says of a run in which every scenario passed. `date`: as 2026-01-31. */
export async function renderResultPage(
  features: readonly Feature[],
  date: string,
): Promise<string> {
  const settings = Object.entries(SETTINGS).map(([key, value]) => `\`${key}: "${value}"\``);
  const count = features.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  const text = [
    '# Conformance',
    `<!-- Checked by \`npm run test:conformance\`, and written by it: see below. -->`,
    'What the documentation of the Kubernetes Ingress API promises, tried on the wire against a real kube-apiserver, etcd and kube-controller-manager, one scenario at a time. An Ingress is applied, and as soon as its status shows an address it has to be served: no request is tried twice, except where a change is awaited that no status tells of (an Ingress that had an address before, pods that come and go).',
    table([
      ['', ''],
      ['ts-nginx', await productVersion()],
      ['Kubernetes', KUBERNETES_VERSION],
      ['Ingress API', '`networking.k8s.io/v1`'],
      ['last run', date],
      ['result', `**${count} of ${count} scenarios passed**`],
    ]),
    '## The suite',
    'The scenarios are our own (`test/conformance/`), under the five features of the official suite, [kubernetes-sigs/ingress-controller-conformance](https://github.com/kubernetes-sigs/ingress-controller-conformance), and cover each of its scenarios as well. That suite itself is **not part of this result**: it was not to be had on the machine of the last run. Who has its test binary and its folder runs it, unmodified, with',
    '```sh\nINGRESS_CONFORMANCE_BIN=…/ingress-controller-conformance INGRESS_CONFORMANCE_DIR=…/ingress-controller-conformance npm run test:conformance\n```',
    'Without these two variables it is skipped, and the run says so.',
    '## How to repeat it',
    `\`npm run test:conformance\` takes half a minute, beyond what the first run takes to build Kubernetes (test/cluster/README.md says what it needs). The page is checked by each run: it has to name this version of ts-nginx, this Kubernetes and these scenarios. \`${WRITE_VARIABLE}=1 npm run test:conformance\` writes it anew, if all of them passed.`,
    `ts-nginx runs with what deploy/kustomize/base gives it, and with two settings of the ConfigMap: ${settings.join(', because plain requests for hosts that have a certificate are to be answered and not sent to TLS, and ')}, because answers are to have a \`Server\` field.`,
    ...features.flatMap(({ name, scenarios }) => [
      `## ${name}`,
      scenarios.map((scenario) => `- ${escape(scenario.name)}`).join('\n'),
    ]),
  ].join('\n\n');
  const style = await resolveConfig(RESULT_PAGE);
  return format(text, { ...style, parser: 'markdown' });
}

/** The date that the page bears; undefined: there is no page. */
export function dateOf(page: string): string | undefined {
  return /\| last run +\| (\d{4}-\d{2}-\d{2})/.exec(page)?.[1];
}

async function productVersion(): Promise<string> {
  const file = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows.map((row) => `| ${row.join(' | ')} |`);
  return [head, '| --- | --- |', ...rest].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('*', '\\*');
}
