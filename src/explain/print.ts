import type { Explanation, ExplainedRoute } from './explanation.ts';
import type { ListedIngress } from './ingress-list.ts';
import { worstFirst, type JudgedFinding } from './judged-finding.ts';
import type { StatusReport } from './status-report.ts';

/** More endpoints are told by their number. */
const MAX_ENDPOINTS = 8;
const EXAMPLE_CLIENT = '192.0.2.1';
const LABEL_WIDTH = 10;
/** No endpoint is asked, so nothing is known of those that are there and refuse. */
const UNASKED =
  '(it is not asked here; one that can’t be reached gives 502 or 504, and the log says why)';

/** For people; `-o json` is for programs. */
export function printExplanation(explanation: Explanation): string {
  const { request, host, route, filters, answer, upstream, others, findings } = explanation;
  const lines = [
    line('request', `${request.scheme}://${request.host}${request.path ?? ' (no valid path)'}`),
    line(
      'client',
      `${request.clientAddress}${request.clientAddress === EXAMPLE_CLIENT ? ' (an example; --client sets it)' : ''}`,
    ),
    line('host', describeHost(host)),
    line('route', route === undefined ? 'none' : describeRoute(route)),
    line('filters', filters.length === 0 ? 'none' : filters.map(describeFilter).join(', ')),
  ];
  if (upstream !== undefined) {
    const { cluster, protocol, balancer, endpoints, target } = upstream;
    const shown = endpoints.slice(0, MAX_ENDPOINTS);
    const more = endpoints.length - shown.length;
    lines.push(
      line('cluster', `${cluster} (${protocol}, ${balancer})`),
      line('target', target),
      line('endpoints', shown.length === 0 ? 'none' : shown.join(', ')),
    );
    if (more > 0) lines.push(line('', `and ${more} more`));
  }
  lines.push(
    line(
      'answer',
      answer === undefined
        ? 'the endpoint’s'
        : `${answer.status}, ${answer.reason}${answer.location === undefined ? '' : ` → ${answer.location}`}`,
    ),
  );
  if (answer === undefined) lines.push(line('', UNASKED));
  if (others.length > 0) lines.push('', 'Not chosen:');
  for (const { what, why } of others) lines.push(`  ${what}`, `      ${why}`);
  if (findings.length > 0) lines.push('', 'To be fixed:', ...findings.flatMap(describeFinding));
  return `${lines.join('\n')}\n`;
}

/** What holds for everything first; then a table of the Ingresses, their number by state, and what is to be fixed of them. */
export function printStatus({ totals, everything, ingresses, others }: StatusReport): string {
  const findings = worstFirst([...ingresses.flatMap((listed) => listed.findings), ...others]);
  const lines = [
    ...(everything.length === 0 ? [] : ['everything:', ...everything.flatMap(describeFinding), '']),
    ...(ingresses.length === 0 ? ['No Ingress is served.'] : tableOf(ingresses)),
    '',
    `Ingresses: ${describeCounts(totals.ingresses)}. Findings: ${describeCounts(totals.findings)}.`,
    ...(findings.length === 0 ? [] : ['', 'To be fixed:', ...findings.flatMap(describeFinding)]),
  ];
  return `${lines.join('\n')}\n`;
}

function tableOf(ingresses: readonly ListedIngress[]): readonly string[] {
  const rows = ingresses.map(({ ingress, hosts, paths, state, findings }) => [
    ingress,
    hosts.map((host) => (host === '' ? '*' : host)).join(',') || '-',
    String(paths),
    state,
    String(findings.length),
  ]);
  const table = [['INGRESS', 'HOSTS', 'PATHS', 'STATE', 'FINDINGS'], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    table.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

/** `2 closed, 0 partial, 5 served` */
function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function describeHost(host: Explanation['host']): string {
  if (host === undefined) return 'none';
  if (host.passthrough !== undefined) {
    return `${host.name}, TLS passed through to the endpoints of ${host.passthrough}: the rest holds for plain requests alone`;
  }
  const certificate = host.certificate ?? 'the default one';
  const name = host.name === '' ? 'any other host' : `${host.name} (by ${host.matchedBy})`;
  return `${name}, certificate ${certificate}`;
}

function describeRoute({ kind, path, ingress, service, isImplicit }: ExplainedRoute): string {
  if (isImplicit) return 'none: no Ingress has a rule of this host for the path';
  const owner = ingress === '' ? 'default backend' : `Ingress ${ingress}`;
  return `${kind} ${path} of ${owner}${service === '' ? '' : `, Service ${service}`}`;
}

function describeFilter({ kind, isAnswering }: Explanation['filters'][number]): string {
  return isAnswering ? `${kind} (answers)` : kind;
}

function describeFinding({ code, effect, object, field, message }: JudgedFinding): string[] {
  const where = field === undefined ? object : `${object} ${field}`;
  return [`  ${effect}: ${where} [${code}]`, `      ${message}`];
}
