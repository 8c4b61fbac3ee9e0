import { splitPem } from './certificate-state.ts';
import { asObject, type JsonObject } from './json-object.ts';

export type FailurePolicy = 'Fail' | 'Ignore';

/** What shall stand in each webhook of a ValidatingWebhookConfiguration. */
export interface WebhookTrust {
  /** PEM of each authority. */
  readonly authorities: readonly string[];
  /** Undefined: as it is. */
  readonly failurePolicy: FailurePolicy | undefined;
}

/** Host names and addresses by which the API server calls its webhooks, which a certificate must be for. */
export function calledNames(configuration: JsonObject): readonly string[] {
  const names = webhooksOf(configuration).flatMap((webhook) => {
    const { service, url } = asObject(webhook['clientConfig']);
    const { name, namespace } = asObject(service);
    if (typeof name === 'string' && typeof namespace === 'string') {
      return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`];
    }
    const host = typeof url === 'string' ? URL.parse(url)?.hostname : undefined;
    return host === undefined ? [] : [host.replace(/^\[(.*)\]$/, '$1')];
  });
  return [...new Set(names)];
}

/** The authorities that all of its webhooks trust now. */
export function trustedAuthorities(configuration: JsonObject): readonly string[] {
  const bundles = webhooksOf(configuration).map((webhook) => {
    const { caBundle } = asObject(webhook['clientConfig']);
    return typeof caBundle === 'string' ? splitPem(Buffer.from(caBundle, 'base64').toString()) : [];
  });
  const [first = [], ...others] = bundles;
  return first.filter((pem) => others.every((bundle) => bundle.includes(pem)));
}

/** The merge patch that brings it about; undefined: it stands there already. Refused with 409 if somebody was faster. */
export function trustPatch(
  configuration: JsonObject,
  { authorities, failurePolicy }: WebhookTrust,
): JsonObject | undefined {
  const bundle = authorities.map((pem) => `${pem.trim()}\n`).join('');
  const caBundle = Buffer.from(bundle).toString('base64');
  const present = webhooksOf(configuration);
  const isThere = present.every(
    (webhook) =>
      asObject(webhook['clientConfig'])['caBundle'] === caBundle &&
      (failurePolicy === undefined || webhook['failurePolicy'] === failurePolicy),
  );
  if (isThere) return undefined;
  // A merge patch replaces lists whole.
  const webhooks = present.map((webhook) => ({
    ...webhook,
    clientConfig: { ...asObject(webhook['clientConfig']), caBundle },
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
  }));
  const { resourceVersion } = asObject(configuration['metadata']);
  return { metadata: { resourceVersion }, webhooks };
}

function webhooksOf(configuration: JsonObject): readonly JsonObject[] {
  const { webhooks } = configuration;
  return Array.isArray(webhooks) ? webhooks.map(asObject) : [];
}
