import { findingEffects } from '../model/finding.ts';
import type { Finding } from '../model/finding.ts';
import { jsonAnswer } from './answer.ts';
import type { AdminAnswer } from './answer.ts';

/** All that users have to fix, with what each means for traffic. */
export function findingsAnswer(findings: readonly Finding[]): AdminAnswer {
  return jsonAnswer(200, {
    count: findings.length,
    findings: findings.map((finding) => ({ ...finding, effect: findingEffects[finding.code] })),
  });
}
