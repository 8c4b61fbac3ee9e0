import { findingEffects, type Finding, type FindingEffect } from '../model/finding.ts';

/** A finding with what it means for traffic, as it is told to programs and people. */
export interface JudgedFinding extends Finding {
  readonly effect: FindingEffect;
}

const SEVERITY = { closed: 0, partial: 1, notice: 2 } as const satisfies Record<
  FindingEffect,
  number
>;

export function judgeFindings(findings: readonly Finding[]): readonly JudgedFinding[] {
  return worstFirst(
    findings.map((finding) => ({ ...finding, effect: findingEffects[finding.code] })),
  );
}

/** What is equally bad stays in its order. */
export function worstFirst(findings: readonly JudgedFinding[]): readonly JudgedFinding[] {
  return findings.toSorted((one, other) => SEVERITY[one.effect] - SEVERITY[other.effect]);
}
