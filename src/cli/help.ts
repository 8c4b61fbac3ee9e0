import { inspectFlags, serveFlags, type Flag } from './flags.ts';

const WIDTH = 40;

/** What `ts-nginx --help` prints. */
export function helpText(): string {
  const shown = serveFlags.filter(({ use }) => use === 'honoured');
  const later = serveFlags.filter(({ use }) => use === 'later');
  const accepted = serveFlags.filter(({ use }) => use === 'accepted');
  return [
    'ts-nginx: a Kubernetes Ingress controller and proxy that takes the place of ingress-nginx',
    '',
    'Usage:',
    '  ts-nginx serve [flags]          serve the Ingresses of a cluster, or of folders of manifests',
    '  ts-nginx explain URL [flags]    which Ingress, filters and endpoints would serve a request, and why not the others',
    '  ts-nginx status [NAMESPACE/NAME …] [flags]',
    '                                  the Ingresses, what of each is served, and what is to be fixed',
    '  ts-nginx --version | --help',
    '',
    'Flags of serve:',
    ...shown.map(describe),
    '',
    'Flags of explain and status, which ask a running instance, or read the objects themselves with --manifests or --kubeconfig',
    '(then the flags of serve that choose objects and classes hold as well):',
    ...inspectFlags.map(describe),
    '',
    'Known from ingress-nginx, not in effect yet (a warning says so):',
    ...wrap(later.map(({ name }) => `--${name}`)),
    '',
    'Known from ingress-nginx, without effect here:',
    ...wrap(accepted.map(({ name }) => `--${name}`)),
  ].join('\n');
}

function describe({ name, type, doc, default: byDefault }: Flag): string {
  const value = type === 'boolean' ? '' : `=${type.toUpperCase()}`;
  const head = `  --${name}${value}`.padEnd(WIDTH);
  return `${head} ${doc}${byDefault === undefined ? '' : ` (${byDefault})`}`;
}

function wrap(words: readonly string[]): string[] {
  const lines = [''];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length > 100) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `  ${line}`);
}
