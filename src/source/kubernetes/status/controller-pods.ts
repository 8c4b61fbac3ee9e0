import { ApiError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import { isJsonObject, type JsonObject } from '../prune.ts';

export interface ControllerPod {
  readonly name: string;
  readonly node: string;
  readonly isReady: boolean;
}

/** What says which controller a pod belongs to, whatever version of it; as charts and our manifests label it. */
const IDENTIFYING = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/component',
];
/** Labels that differ from one revision of a workload to the next. */
const REVISION_LABELS = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
]);

/**
 * The pods of this controller that run, ours among them: those of our namespace with the labels of our pod. Undefined when our
 * pod is none that the API server knows (a process outside of the cluster). Throws as `ObjectApi.get` does.
 */
export async function readControllerPods(
  api: ObjectApi,
  namespace: string,
  pod: string,
): Promise<readonly ControllerPod[] | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  let own: JsonObject;
  try {
    own = await api.get(`${path}/${encodeURIComponent(pod)}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
  const selector = selectorOf(own);
  if (selector === '') return [own].flatMap(readPod);
  const list = await api.get(`${path}?labelSelector=${encodeURIComponent(selector)}`);
  return (Array.isArray(list['items']) ? list['items'] : []).filter(isJsonObject).flatMap(readPod);
}

/** By the labels that identify, where a pod has some; else by all but those of a revision. */
export function selectorOf(pod: JsonObject): string {
  const labels = Object.entries(objectAt(objectAt(pod, 'metadata'), 'labels'));
  const identifying = labels.filter(([name]) => IDENTIFYING.includes(name));
  const others = labels.filter(([name]) => !REVISION_LABELS.has(name));
  return (identifying.length > 0 ? identifying : others)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(',');
}

/** Empty: it does not run, or is about to end. */
function readPod(pod: JsonObject): ControllerPod[] {
  const { name, deletionTimestamp } = objectAt(pod, 'metadata');
  const { phase, conditions } = objectAt(pod, 'status');
  const node = objectAt(pod, 'spec')['nodeName'];
  if (phase !== 'Running' || deletionTimestamp !== undefined || typeof name !== 'string') return [];
  const isReady = (Array.isArray(conditions) ? conditions : [])
    .filter(isJsonObject)
    .some(({ type, status }) => type === 'Ready' && status === 'True');
  return [{ name, node: typeof node === 'string' ? node : '', isReady }];
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}
