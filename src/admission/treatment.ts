import { findingEffects, type Finding, type FindingCode } from '../model/finding.ts';

/** `pass`: nothing is said of it, because it can't be known before the object exists. */
export type Treatment = 'refuse' | 'warn' | 'pass';

/** What differs from the rule that what is closed is refused, and all else is a warning. */
const exceptions: Partial<Record<FindingCode, Treatment>> = {
  // It says something that can't be served. The rest would be, but nobody wrote it to be left out.
  'host-invalid': 'refuse',
  'path-invalid': 'refuse',
  'path-regex-invalid': 'refuse',
  // Another Ingress has it; what an Ingress says twice itself is a warning.
  'path-conflict': 'refuse',
  // It is right by itself: what closes it is another object.
  'closed-by-settings': 'warn',
  // Objects are applied in any order: what is missing may be the next one.
  'service-missing': 'warn',
  'service-port-missing': 'warn',
  'external-name-invalid': 'warn',
  // True of each application on its first day.
  'service-without-endpoints': 'pass',
  // Looked up only once an Ingress asks for it.
  'external-name-unresolved': 'pass',
  'service-not-exposed': 'pass',
  // Other controllers' Ingresses are none of our business; this one is a near miss.
  'ingress-class-unknown': 'warn',
};

export interface TreatmentContext {
  /** Paths that it has twice itself. */
  readonly ownConflicts: readonly Finding[];
  /** Secrets that it names, and of these those that nobody has read. */
  readonly secrets: readonly string[];
  readonly unknownSecrets: readonly string[];
}

/** What a message repeats of what somebody wrote. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** What becomes of an Ingress for what translation finds wrong with it. */
export function treatmentOf(finding: Finding, context: TreatmentContext): Treatment {
  const { code, message } = finding;
  // A Secret is another object: it may come later, and be corrected without touching the Ingress.
  const ours = message.replaceAll(QUOTED, '');
  const speaksOf = (secret: string): boolean => ours.includes(`Secret ${secret}`);
  if (context.unknownSecrets.some(speaksOf)) return 'pass';
  if (context.secrets.some(speaksOf)) return 'warn';
  if (context.ownConflicts.includes(finding)) return 'warn';
  return exceptions[code] ?? (findingEffects[code] === 'closed' ? 'refuse' : 'warn');
}
