import type { Ingress } from '../translate/snapshot.ts';
import { objectIn, type JsonObject } from './json-object.ts';
import type { Verdict } from './verdict.ts';

/** What the API server asks, as far as it is looked at. Source: admission.k8s.io/v1 AdmissionRequest. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  /** `networking.k8s.io/v1/ingresses`; with `/status` and the like behind it for a subresource. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: Ingress | undefined;
  /** As it is now; undefined on CREATE. */
  readonly oldObject: Ingress | undefined;
}

/** `problem`: why it is none, one sentence. */
export function parseReview(text: string): AdmissionRequest | { readonly problem: string } {
  const review = parseObject(text);
  if (review === undefined) return { problem: 'The body is no JSON object.' };
  if (review['kind'] !== 'AdmissionReview' || review['apiVersion'] !== 'admission.k8s.io/v1') {
    return { problem: 'The body is no AdmissionReview of admission.k8s.io/v1.' };
  }
  const request = objectIn(review['request']);
  const uid = asText(request?.['uid']);
  if (request === undefined || uid === '')
    return { problem: 'The review has no request with a uid.' };
  const { group, version, resource } = objectIn(request['resource']) ?? {};
  const subresource = asText(request['subResource']);
  const place = { namespace: asText(request['namespace']), name: asText(request['name']) };
  const plural = [group, version, resource].map(asText).join('/');
  return {
    uid,
    operation: asText(request['operation']),
    resource: subresource === '' ? plural : `${plural}/${subresource}`,
    ...place,
    object: readIngress(request['object'], place),
    oldObject: readIngress(request['oldObject'], place),
  };
}

/** The review that goes back. Refusals are one text, a line each. */
export function answerReview(uid: string, { refusals, warnings }: Verdict): string {
  const status = { code: 400, reason: 'BadRequest', message: refusals.join('\n') };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: refusals.length === 0,
      ...(refusals.length === 0 ? {} : { status }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  });
}

/** kubectl keeps a copy of the whole object in it. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields that translation looks at. What is in them is as untrusted as in any other object. */
function readIngress(
  value: unknown,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Ingress | undefined {
  const object = objectIn(value);
  if (object === undefined) return undefined;
  const metadata = objectIn(object['metadata']) ?? {};
  const annotations = Object.entries(objectIn(metadata['annotations']) ?? {});
  const { creationTimestamp, deletionTimestamp } = metadata;
  const own = asText(metadata['name']);
  const read = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      // A generated name is not in the request.
      name: own === '' ? name : own,
      namespace,
      annotations: Object.fromEntries(annotations.filter(([key]) => key !== LAST_APPLIED)),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: object['spec'],
  };
  // The snapshot's types promise nothing that JSON could break: translation takes objects as they come.
  return read as unknown as Ingress;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
