import type { Finding } from '../../model/finding.ts';
import type { Settings } from '../../model/settings.ts';
import { nearestName } from '../edit-distance.ts';
import { finding, quote } from '../finding.ts';
import { textEntriesOf } from '../loose.ts';
import type { ConfigMap, ObjectKey } from '../snapshot.ts';
import { clientSettings } from './client-keys.ts';
import { closingKeys } from './closing-keys.ts';
import { forwardedSettings } from './forwarded-keys.ts';
import { configMapKeys, type ConfigMapValues } from './index.ts';
import type { KeySpec } from './key.ts';
import { accessLogSettings } from './log-keys.ts';
import { reportCiphers, tlsSettings, type TlsContext } from './tls-keys.ts';
import { quietKeys, unsupportedKeys } from './unsupported-keys.ts';
import { describeLoss } from './unsupported-losses.ts';
import { upstreamSettings } from './upstream-keys.ts';

/** What the ConfigMap says, for everything that an Ingress does not say otherwise. */
export interface GlobalSettings {
  readonly values: ConfigMapValues;
  /** Keys that guard access and whose value does not parse: what they would have guarded is closed. */
  readonly brokenGuards: ReadonlySet<string>;
}

export interface ConfigMapResult {
  readonly global: GlobalSettings;
  readonly findings: readonly Finding[];
}

/** What the annotation is called is no key. */
const MEANT = new Map([['allowlist-source-range', 'whitelist-source-range']]);

type AnyKey = KeySpec<unknown>;

const knownKeys: ReadonlyMap<string, AnyKey> = new Map(Object.entries(configMapKeys));

const defaults = Object.fromEntries(
  [...knownKeys].map(([name, spec]) => [name, defaultOf(spec)]),
) as ConfigMapValues;

/**
 * `configMap` undefined: `key` names nothing that exists, or nothing was named. Both mean defaults. `overruled`: keys that the
 * command line decides.
 */
export function translateConfigMap(
  key: ObjectKey | undefined,
  configMap: ConfigMap | undefined,
  overruled: ReadonlySet<string> = new Set(),
): ConfigMapResult {
  const findings: Finding[] = [];
  const brokenGuards = new Set<string>();
  const object = `ConfigMap ${key ?? ''}`;
  if (key !== undefined && configMap === undefined) {
    const message =
      'There is no ConfigMap of that name that can be read: all its keys have their defaults until there is.';
    findings.push(finding('configmap-missing', object, undefined, message));
  }
  const values: Record<string, unknown> = { ...defaults };
  for (const [name, raw] of textEntriesOf(configMap?.data)) {
    const spec = knownKeys.get(name);
    const text = raw.trim();
    if (spec === undefined) {
      if (overruled.has(name)) continue;
      const report = unhonouredKey(object, name, text);
      if (report !== undefined) findings.push(report);
      continue;
    }
    const value = text === '' ? (spec.empty ?? defaultOf(spec)) : spec.value.parse(text);
    if (value !== undefined) {
      values[name] = value;
      continue;
    }
    const salvage = spec.salvage?.(text);
    if (salvage !== undefined) values[name] = salvage.value;
    if (spec.isGuard === true) brokenGuards.add(name);
    findings.push(invalidKey(object, name, spec, text, salvage?.consequence));
  }
  const global = { values: values as ConfigMapValues, brokenGuards };
  return { global, findings: [...findings, ...reportConsequences(object, global)] };
}

export interface SettingsContext {
  readonly healthPath: string;
  readonly tls: TlsContext;
}

export function translateSettings(
  { values }: GlobalSettings,
  { healthPath, tls }: SettingsContext,
): Settings {
  return {
    client: clientSettings(values),
    upstream: upstreamSettings(values),
    forwarded: forwardedSettings(values),
    tls: tlsSettings(values, tls),
    accessLog: accessLogSettings(values),
    blockedCidrs: values['block-cidrs'],
    healthPath,
    serverTokens: values['server-tokens'],
    allowUpstreamServerField: values['allow-backend-server-header'],
    drainMs: values['worker-shutdown-timeout'],
  };
}

function defaultOf(spec: AnyKey): unknown {
  return spec.default === '' ? spec.empty : spec.value.parse(spec.default);
}

function invalidKey(
  object: string,
  name: string,
  spec: AnyKey,
  text: string,
  salvaged: string | undefined,
): Finding {
  const usual =
    spec.isGuard === true
      ? 'It guards access, so what it would guard answers 503 until it does.'
      : `Its default ${quote(spec.default)} holds.`;
  const consequence = salvaged ?? usual;
  const shown =
    spec.isSensitive === true
      ? `The value (${text.length} characters, not shown here)`
      : quote(text);
  const message = `${shown} is not ${spec.value.syntax}. ${consequence}`;
  const code = spec.isGuard === true ? 'guard-not-honoured' : 'configmap-key-invalid';
  return finding(code, object, `data[${name}]`, message);
}

function unhonouredKey(object: string, name: string, text: string): Finding | undefined {
  const field = `data[${name}]`;
  if (quietKeys.has(name)) return undefined;
  const inEffect = unsupportedKeys[name];
  if (inEffect === undefined || !Object.hasOwn(unsupportedKeys, name)) {
    const near =
      MEANT.get(name) ?? nearestName(name, [...knownKeys.keys(), ...Object.keys(unsupportedKeys)]);
    const hint = near === undefined ? '' : ` Was ${near} meant?`;
    const message = `Nobody knows this key, and it has no effect.${hint} Correct the name or remove it.`;
    return finding('configmap-key-unknown', object, field.replace(/[^\x20-\x7e]/g, '�'), message);
  }
  if (text === '' || text === inEffect) return undefined;
  return finding('configmap-key-unsupported', object, field, describeLoss(name, inEffect));
}

/** What follows from values that parse and mean more than they say. */
function reportConsequences(object: string, { values }: GlobalSettings): Finding[] {
  const findings: Finding[] = [];
  for (const name of Object.keys(closingKeys) as (keyof typeof closingKeys)[]) {
    if (values[name] === defaults[name]) continue;
    const what = closingKeys[name];
    const message = `The key is not honoured, and it guards access: ${what}. Remove the key to open them.`;
    findings.push(finding('guard-not-honoured', object, `data[${name}]`, message));
  }
  const { leftOut } = values['ssl-protocols'];
  if (leftOut.length > 0) {
    const message = `${leftOut.join(', ')}: not spoken, because nothing older than TLS 1.2 is safe (RFC 8996). Clients that can do no better are refused.`;
    findings.push(finding('configmap-key-unsupported', object, 'data[ssl-protocols]', message));
  }
  findings.push(...reportCiphers(object, values));
  const isTold = values['use-forwarded-headers'] || values['use-proxy-protocol'];
  if (isTold && values['proxy-real-ip-cidr'].join() === '0.0.0.0/0') {
    const message =
      'Every IPv4 client is believed and can claim any address, which allow-lists then take for true: name your own proxies.';
    findings.push(finding('forwarded-trust-all', object, 'data[proxy-real-ip-cidr]', message));
  }
  return findings;
}
