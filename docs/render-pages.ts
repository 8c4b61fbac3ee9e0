import { format, resolveConfig } from 'prettier';
import type { AnnotationSpec, Outcome } from '../src/translate/annotations/feature.ts';
import { features } from '../src/translate/annotations/index.ts';
import {
  removedAnnotations,
  unsupportedAnnotations,
  type UnsupportedEffect,
} from '../src/translate/annotations/unsupported-annotations.ts';
import { configMapKeys } from '../src/translate/configmap/index.ts';
import type { KeySpec } from '../src/translate/configmap/key.ts';
import { quietKeys, unsupportedKeys } from '../src/translate/configmap/unsupported-keys.ts';

const GENERATED =
  '<!-- Printed by `npm run docs` from the registries in src/translate: edit those. -->';

const outcomes: Readonly<Record<Outcome, string>> = {
  default: 'counts as absent',
  'ignore-feature': 'its whole feature counts as absent',
  'deny-503': '**the paths answer 503**',
  'drop-ingress': '**the Ingress is not served**',
};

const effects: Readonly<Record<UnsupportedEffect, string>> = {
  ignored: 'no effect',
  meaningless: 'no effect, by design',
  'closes-paths': '**the paths answer 503**',
  'closes-host': '**all paths of the hosts answer 503**',
  'leaves-out': '**the Ingress adds nothing**',
};

/** docs/annotations.md */
export function renderAnnotationsPage(): Promise<string> {
  const honoured = features
    .flatMap((feature) => Object.entries(feature.annotations))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const unsupported = [...unsupportedAnnotations].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return page(
    '# Annotations',
    GENERATED,
    'All names stand under `nginx.ingress.kubernetes.io/`, or what `--annotations-prefix` says instead. A value is trimmed, and an empty one counts as absent. Everything that is not in effect as written is a finding (docs/findings.md).',
    '## Honoured',
    table(
      ['annotation', 'what it does', 'value', 'without it', 'a bad value', 'risk'],
      honoured.map(([name, spec]) => honouredRow(name, spec)),
    ),
    '## Known, and not honoured',
    'The usual value is the default of ingress-nginx: an annotation with just that asks for nothing, and nothing is said about it. What guards access closes its paths instead of leaving them open (docs/decisions/closed-paths.md).',
    'Snippets have the risk `critical`. With the ConfigMap’s `annotations-risk-level` below `Critical` (its default is `High`) an Ingress that carries one is not served. At `Critical`, with `allow-snippet-annotations: "false"`, it is served without the text; with `"true"` what the text covers answers 503. The text is never run.',
    table(
      ['annotation', 'what it is for', 'usual value', 'any other value', 'risk'],
      unsupported.map(([name, { doc, usual, effect, risk }]) => [
        code(name),
        doc,
        code(usual),
        effects[effect],
        risk,
      ]),
    ),
    '## Removed from ingress-nginx long ago',
    table(
      ['annotation', 'instead'],
      [...removedAnnotations].map(([name, instead]) => [
        code(name.endsWith('-') ? `${name}*` : name),
        instead,
      ]),
    ),
  );
}

/** docs/configmap.md */
export function renderConfigMapPage(): Promise<string> {
  const honoured: [string, KeySpec<unknown>][] = Object.entries(configMapKeys);
  return page(
    '# ConfigMap keys',
    GENERATED,
    'Keys of the ConfigMap that `--configmap <namespace>/<name>` names. A change is in effect at once. A value that does not parse is a finding (docs/findings.md), and that key keeps its default; where the key guards access, what it would guard answers 503 until the value is right.',
    '## Honoured',
    table(
      ['key', 'what it does', 'value', 'default', 'guards access'],
      honoured
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { doc, value, default: byDefault, isGuard }]) => [
          code(name),
          doc,
          value.syntax,
          code(byDefault),
          isGuard === true ? 'yes' : '',
        ]),
    ),
    '## Known, and not honoured yet',
    'With its default a key asks for nothing; with any other value it is a finding and has no effect.',
    table(
      ['key', 'default'],
      Object.entries(unsupportedKeys)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, byDefault]) => [code(name), code(byDefault)]),
    ),
    '## Taken without a word',
    'They tune the inside of another engine, or nothing listens to them any more.',
    [...quietKeys].toSorted().map(code).join(', '),
  );
}

function honouredRow(name: string, spec: AnnotationSpec<unknown>): string[] {
  const aliases = (spec.aliases ?? []).map((alias) => `, also ${code(alias)}`).join('');
  const byDefault = spec.default.includes('`') ? spec.default : code(spec.default);
  return [
    `${code(name)}${aliases}`,
    spec.doc,
    spec.value.syntax,
    byDefault,
    outcomes[spec.onInvalid],
    spec.risk,
  ];
}

async function page(...blocks: string[]): Promise<string> {
  const style = await resolveConfig(import.meta.filename);
  return format(blocks.join('\n\n'), { ...style, parser: 'markdown' });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(row).join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}
