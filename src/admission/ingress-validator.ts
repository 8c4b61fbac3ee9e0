import { isDeepStrictEqual } from 'node:util';
import { createIngressSelection, findClassSlip } from '../translate/class-selection.ts';
import { textEntriesOf } from '../translate/loose.ts';
import type { Ingress, Snapshot } from '../translate/snapshot.ts';
import type { TranslateOptions } from '../translate/translate-options.ts';
import { tryIngress } from '../translate/try-ingress.ts';
import type { AdmissionRequest } from './review.ts';
import { treatmentOf } from './treatment.ts';
import { ALLOWED, verdictOf, type Remark, type Verdict } from './verdict.ts';
import { applyWebhookRules, refuseTooManyPaths } from './webhook-rules.ts';

export interface ValidationContext {
  /** The objects of now; the candidate is none of them. */
  readonly snapshot: Snapshot;
  /** The very object that the running translation has: what that knows is used. */
  readonly options: TranslateOptions;
}

const INGRESSES = 'networking.k8s.io/v1/ingresses';

/** Whether the object may be written. Pure: the same request and objects give the same verdict. */
export function validate(request: AdmissionRequest, context: ValidationContext): Verdict {
  const { resource, operation, object: candidate, oldObject } = request;
  const isWritten = operation === 'CREATE' || operation === 'UPDATE';
  if (resource !== INGRESSES || !isWritten || candidate === undefined) return ALLOWED;
  // Nothing must keep its finalizers from being removed.
  if (candidate.metadata.deletionTimestamp !== undefined) return ALLOWED;
  const { snapshot, options } = context;
  const owner = createIngressSelection(snapshot, options)(candidate);
  if (owner === 'unwatched') return ALLOWED;
  if (owner === 'another class') {
    const slip = findClassSlip(candidate, snapshot, options);
    return slip === undefined ? ALLOWED : verdictOf([], [slip]);
  }
  const { refused, warned } = judge(candidate, context);
  // Labels, finalizers and the like must stay writable on an object that would not be accepted any more.
  const isUnchanged = oldObject !== undefined && readsTheSame(candidate, oldObject, options);
  return isUnchanged ? verdictOf([], [...refused, ...warned]) : verdictOf(refused, warned);
}

interface Judgement {
  readonly refused: readonly Remark[];
  readonly warned: readonly Remark[];
}

function judge(candidate: Ingress, { snapshot, options }: ValidationContext): Judgement {
  const tooLarge = refuseTooManyPaths(candidate);
  if (tooLarge.length > 0) return { refused: tooLarge, warned: [] };
  const { findings, ownConflicts, taken, secrets, global } = tryIngress(
    candidate,
    snapshot,
    options,
  );
  const unknownSecrets = secrets.filter((secret) => !snapshot.secrets.has(secret));
  const treated = findings.map((finding) => ({
    finding,
    treatment: treatmentOf(finding, { ownConflicts, secrets, unknownSecrets }),
  }));
  const withTreatment = (wanted: 'refuse' | 'warn'): readonly Remark[] =>
    treated.filter(({ treatment }) => treatment === wanted).map(({ finding }) => finding);
  const rules = applyWebhookRules(candidate, { global, options });
  return {
    refused: [...withTreatment('refuse'), ...taken.map(describeTaken), ...rules.refused],
    warned: [...withTreatment('warn'), ...rules.warned],
  };
}

/** An older Ingress that takes a younger one's path would be served: only here it can be kept from that. */
function describeTaken({ object, field, message }: { object: string } & Remark): Remark {
  return {
    field: undefined,
    message: `It would take requests from the ${object}, ${field ?? 'spec'}: ${message}`,
  };
}

function readsTheSame(a: Ingress, b: Ingress, options: TranslateOptions): boolean {
  return (
    isDeepStrictEqual(a.spec, b.spec) &&
    isDeepStrictEqual(readAnnotations(a, options), readAnnotations(b, options))
  );
}

/** Those that have a say in what becomes of an Ingress. */
function readAnnotations({ metadata }: Ingress, { annotationsPrefix }: TranslateOptions): unknown {
  return textEntriesOf(metadata.annotations)
    .filter(([name]) => isRead(name, annotationsPrefix))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function isRead(name: string, prefix: string): boolean {
  return (
    name.startsWith(`${prefix}/`) ||
    name === 'kubernetes.io/ingress.class' ||
    name.endsWith('-snippet')
  );
}
