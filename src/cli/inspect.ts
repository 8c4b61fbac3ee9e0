import { isIP } from 'node:net';
import type { Explanation, ExplainRequest } from '../explain/explanation.ts';
import { printExplanation, printStatus } from '../explain/print.ts';
import {
  isAsBadAs,
  selectStatus,
  type StatusReport,
  type StatusSelection,
} from '../explain/status-report.ts';
import { inspectFlags, serveFlags } from './flags.ts';
import { loadOnce } from './load-once.ts';
import { parseServeOptions, type ServeOptions } from './options.ts';
import { parseCommand, UsageError, type FlagTexts } from './parse-flags.ts';

/** Whom `explain` and `status` ask: a running instance, or the objects themselves. */
interface Inspector {
  explain(request: ExplainRequest): Promise<Explanation>;
  status(): Promise<StatusReport>;
}

/** What a command prints, and what the process then exits with. */
export interface Inspection {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** `ts-nginx explain URL`. Throws a `UsageError` that names what is wrong and the remedy. */
export async function explainCommand(args: readonly string[]): Promise<Inspection> {
  const { texts, words } = parse(args);
  const [url, ...more] = words;
  if (url === undefined || more.length > 0) {
    throw new UsageError('explain takes one URL, such as https://shop.example.com/cart');
  }
  const request = requestOf(url, texts);
  const print = isJson(texts) ? json : printExplanation;
  return { text: print(await inspectorOf(texts).explain(request)), exitCode: 0 };
}

/** `ts-nginx status [NAMESPACE/NAME …]`: the Ingresses; `--fail-on` decides about the exit code. */
export async function statusCommand(args: readonly string[]): Promise<Inspection> {
  const { texts, words } = parse(args);
  const selection = selectionOf(texts, words);
  const failOn = failOnOf(texts);
  const print = isJson(texts) ? json : printStatus;
  const report = selectStatus(await inspectorOf(texts).status(), selection);
  const found = new Set(report.ingresses.map(({ ingress }) => ingress));
  const missing = selection.names.find((name) => !found.has(name));
  if (missing !== undefined) {
    throw new UsageError(
      `there is no Ingress ${missing} of our class; ts-nginx explain http://HOST/ names those of other classes`,
    );
  }
  const isFailed = failOn !== undefined && isAsBadAs(report, failOn);
  return { text: print(report), exitCode: isFailed ? 1 : 0 };
}

function selectionOf(texts: FlagTexts, words: readonly string[]): StatusSelection {
  const bad = words.find((word) => !/^[^/]+\/[^/]+$/.test(word));
  if (bad !== undefined) {
    throw new UsageError(
      `${JSON.stringify(bad)} is no NAMESPACE/NAME of an Ingress; --namespace takes all of a namespace`,
    );
  }
  const namespaces = [...(texts.get('namespace') ?? []), ...(texts.get('n') ?? [])];
  if (words.length > 0 && namespaces.length > 0) {
    throw new UsageError('status takes Ingresses or --namespace, not both');
  }
  return { namespaces, names: words };
}

function failOnOf(texts: FlagTexts): 'closed' | 'partial' | undefined {
  const effect = last(texts, 'fail-on');
  if (effect === undefined || effect === 'closed' || effect === 'partial') return effect;
  throw new UsageError(`--fail-on is closed or partial, not ${JSON.stringify(effect)}`);
}

function parse(args: readonly string[]) {
  return parseCommand(args, [...inspectFlags, ...serveFlags]);
}

function requestOf(text: string, texts: FlagTexts): ExplainRequest {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`${JSON.stringify(text)} is no URL with http:// or https://`);
  }
  // As written: URL would resolve dots and escape what a client may well send as it is.
  const rest = /^[^:]+:\/\/[^/?#]*([^#]*)/.exec(text)?.[1] ?? '';
  return {
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    method: last(texts, 'method') ?? 'GET',
    authority: hostField(texts) ?? url.host,
    target: rest.startsWith('/') ? rest : `/${rest}`,
    clientAddress: clientOf(texts),
    // No literal addresses: RFC 6066 §3.
    serverName: isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? url.hostname : '',
  };
}

function clientOf(texts: FlagTexts): string {
  const address = last(texts, 'client') ?? '192.0.2.1';
  if (isIP(address) !== 0) return address;
  throw new UsageError(`--client is an IP address, not ${JSON.stringify(address)}`);
}

/** The one field that has a say in what serves. */
function hostField(texts: FlagTexts): string | undefined {
  let host: string | undefined;
  for (const field of texts.get('header') ?? []) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(field) ?? [];
    if (name === undefined) {
      throw new UsageError(`--header is name:value, not ${JSON.stringify(field)}`);
    }
    if (name.toLowerCase() === 'host') host = value;
  }
  return host;
}

function inspectorOf(texts: FlagTexts): Inspector {
  const given = serveFlags.filter(({ name }) => texts.has(name));
  const isInstance = !texts.has('manifests') && !texts.has('kubeconfig');
  if (isInstance) return askInstance(last(texts, 'admin') ?? 'http://127.0.0.1:10254');
  const args = given.flatMap(({ name }) =>
    (texts.get(name) ?? []).map((value) => `--${name}=${value}`),
  );
  return readObjects(parseServeOptions(args));
}

function readObjects(options: ServeOptions): Inspector {
  return {
    explain: async (request) => (await loadOnce(options)).explain(request),
    status: async () => (await loadOnce(options)).status(),
  };
}

function askInstance(admin: string): Inspector {
  const ask = async (path: string): Promise<unknown> => {
    const url = `${admin.replace(/\/$/, '')}${path}`;
    const remedy =
      'name a running instance with --admin http://ADDRESS:PORT (kubectl port-forward brings its admin port here), ' +
      'or read the objects with --kubeconfig FILE or --manifests FOLDER';
    const fail = (error: unknown): never => {
      throw new UsageError(`no answer from ${admin} (${reasonOf(error)}): ${remedy}`);
    };
    const response = await fetch(url, { signal: AbortSignal.timeout(ADMIN_MS) }).catch(fail);
    if (!response.ok) throw new UsageError(`${url} answered ${response.status}: ${remedy}`);
    const text = await response.text().catch(fail);
    try {
      return JSON.parse(text);
    } catch {
      throw new UsageError(
        `${url} answered no JSON, so it is no admin port of ts-nginx: ${remedy}`,
      );
    }
  };
  return {
    explain: async ({ serverName = '', ...request }) => {
      const query = new URLSearchParams({ ...request, serverName });
      return (await ask(`/explain?${String(query)}`)) as Explanation;
    },
    status: async () => (await ask('/ingresses')) as StatusReport,
  };
}

/** An instance with thousands of Ingresses answers within a tenth of that. */
const ADMIN_MS = 10_000;

function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return `silent for ${ADMIN_MS / 1_000} s`;
  return cause?.code ?? 'not reached';
}

function isJson(texts: FlagTexts): boolean {
  const output = last(texts, 'o') ?? last(texts, 'output') ?? 'text';
  if (output === 'json' || output === 'text') return output === 'json';
  throw new UsageError(`--output is text or json, not ${JSON.stringify(output)}`);
}

function last(texts: FlagTexts, name: string): string | undefined {
  return texts.get(name)?.at(-1);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
