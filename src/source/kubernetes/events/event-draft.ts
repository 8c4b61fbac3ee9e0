import { createHash } from 'node:crypto';
import type { Finding, FindingCode } from '../../../model/finding.ts';
import type { KubernetesObject, Resource } from '../../../translate/snapshot.ts';

/** What an event is about, as it says it. Source: v1 ObjectReference. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `kubectl describe` looks events up by it. */
  readonly uid?: string;
}

/** An event before it is decided whether and when it is sent. */
export interface EventDraft {
  readonly subject: EventSubject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** It stands for many alike: then the message may differ from one time to the next. */
  readonly isCombined?: boolean;
}

/** Of one object and reason so many are told one by one, and the others together: as client-go's correlator does. */
const MOST_ALIKE = 10;
const MAX_MESSAGE = 1_000;
const MAX_NAME = 253;

/** Kinds that findings are about and that live in a namespace. */
const RESOURCES: Readonly<Record<string, Resource>> = {
  Ingress: 'ingresses',
  Service: 'services',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
};

/** Finds the object that a finding names (`Ingress shop/web`); undefined: nobody knows it. */
export type FindObject = (resource: Resource, key: string) => KubernetesObject | undefined;

/** Undefined: it is about no object of the cluster, and an event has nowhere to go. */
export function draftOfFinding(
  { code, object, field, message }: Finding,
  find: FindObject,
): EventDraft | undefined {
  const [kind = '', key = ''] = object.split(' ');
  const resource = RESOURCES[kind];
  const known = resource === undefined ? undefined : find(resource, key);
  if (known === undefined) return undefined;
  const where = field === undefined ? '' : `${field}: `;
  const prefix = code === 'annotation-invalid' ? 'Error parsing annotations: ' : '';
  return {
    subject: subjectOf(known),
    type: 'Warning',
    reason: reasonOf(code),
    message: cut(`${prefix}${where}${message}`),
  };
}

/** ingress-nginx's reasons where it has one, since tools filter by them; else the finding's code, as events write it. */
export function reasonOf(code: FindingCode): string {
  if (code === 'annotation-invalid') return 'AnnotationParsingFailed';
  if (code === 'ingress-dropped') return 'Rejected';
  return code.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function subjectOf({ apiVersion, kind, metadata }: KubernetesObject): EventSubject {
  const { namespace = 'default', name, uid } = metadata;
  return { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) };
}

/** Of many alike of one object the first few stay, and one stands for the rest. */
export function combineAlike(drafts: readonly EventDraft[]): readonly EventDraft[] {
  const groups = Map.groupBy(drafts, ({ subject, reason }) => `${keyOfSubject(subject)} ${reason}`);
  return [...groups.values()].flatMap((alike) => {
    const [example] = alike.slice(MOST_ALIKE);
    if (example === undefined) return alike;
    const count = alike.length - MOST_ALIKE;
    const message = cut(
      `${count} more like these (combined from similar events): ${example.message}`,
    );
    return [...alike.slice(0, MOST_ALIKE), { ...example, message, isCombined: true }];
  });
}

/** The same for drafts that are one event, however often it happens. */
export function identityOfDraft({
  subject,
  type,
  reason,
  message,
  isCombined,
}: EventDraft): string {
  const text = isCombined === true ? '(combined)' : message;
  return JSON.stringify([keyOfSubject(subject), type, reason, text]);
}

export function keyOfSubject({ kind, namespace, name, uid = '' }: EventSubject): string {
  return `${kind} ${namespace}/${name} ${uid}`;
}

/**
 * A name that is the same in every replica and after every start, so that the API server itself refuses to hold the same
 * event twice. `series`: tells one from a later one that is the same again.
 */
export function eventName(draft: EventDraft, series = ''): string {
  const hash = createHash('sha256')
    .update(`${identityOfDraft(draft)} ${series}`)
    .digest('hex');
  const suffix = `.${hash.slice(0, 16)}`;
  return `${draft.subject.name.slice(0, MAX_NAME - suffix.length)}${suffix}`;
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
