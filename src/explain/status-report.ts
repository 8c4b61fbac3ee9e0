import type { ProxyConfig } from '../model/config.ts';
import type { Finding, FindingEffect } from '../model/finding.ts';
import { listIngresses, type IngressState, type ListedIngress } from './ingress-list.ts';
import { judgeFindings, type JudgedFinding } from './judged-finding.ts';

/** What is served, and what is to be fixed: `/ingresses`, and `ts-nginx status -o json`. */
export interface StatusReport {
  readonly totals: StatusTotals;
  /** Of no Ingress, and it may concern all of them: the ConfigMap, files, rights; a Service or Secret that closes. Worst first. */
  readonly everything: readonly JudgedFinding[];
  /** Worst first, then by namespace and name. */
  readonly ingresses: readonly ListedIngress[];
  /** Of Services and Secrets. Worst first. */
  readonly others: readonly JudgedFinding[];
}

export interface StatusTotals {
  readonly ingresses: Readonly<Record<IngressState, number>>;
  readonly findings: Readonly<Record<FindingEffect, number>>;
}

/** Which Ingresses to tell of: without names, all of the namespaces; without either, all. */
export interface StatusSelection {
  readonly namespaces: readonly string[];
  /** `<namespace>/<name>` */
  readonly names: readonly string[];
}

export function reportStatus(config: ProxyConfig, findings: readonly Finding[]): StatusReport {
  const judged = judgeFindings(findings.filter(({ object }) => !object.startsWith('Ingress ')));
  return sumUp({
    everything: judged.filter(isOfEverything),
    ingresses: listIngresses(config, findings),
    others: judged.filter((finding) => !isOfEverything(finding)),
  });
}

/** What holds for everything stays; of the rest, what is in the namespaces of what is told. */
export function selectStatus(
  { everything, ingresses, others }: StatusReport,
  { namespaces, names }: StatusSelection,
): StatusReport {
  const spaces = new Set([...namespaces, ...names.map((name) => namespaceOf(name))]);
  const isWanted = ({ ingress }: ListedIngress): boolean =>
    names.length === 0 ? spaces.has(namespaceOf(ingress)) : names.includes(ingress);
  if (spaces.size === 0) return sumUp({ everything, ingresses, others });
  return sumUp({
    everything,
    ingresses: ingresses.filter(isWanted),
    others: others.filter(({ object }) => spaces.has(namespaceOf(object.replace(/^\S+ /, '')))),
  });
}

/** `closed`: something answers with an error on purpose; `partial`: that, or something written is not in effect. */
export function isAsBadAs(
  { totals: { ingresses, findings } }: StatusReport,
  effect: 'closed' | 'partial',
): boolean {
  const isClosed = ingresses.closed > 0 || findings.closed > 0;
  return isClosed || (effect === 'partial' && ingresses.partial + findings.partial > 0);
}

function isOfEverything({ object, effect }: JudgedFinding): boolean {
  return effect === 'closed' || !/^(?:Service|Secret) /.test(object);
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function sumUp(report: Omit<StatusReport, 'totals'>): StatusReport {
  const { everything, ingresses, others } = report;
  const states = { closed: 0, partial: 0, served: 0 };
  const effects = { closed: 0, partial: 0, notice: 0 };
  for (const { state } of ingresses) states[state] += 1;
  const findings = [everything, others, ...ingresses.map((listed) => listed.findings)].flat();
  for (const { effect } of findings) effects[effect] += 1;
  return { totals: { ingresses: states, findings: effects }, ...report };
}
