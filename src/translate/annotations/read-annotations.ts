import type { Finding, FindingCode } from '../../model/finding.ts';
import type { GlobalSettings } from '../configmap/global-settings.ts';
import { nearestName } from '../edit-distance.ts';
import { finding, quote } from '../finding.ts';
import { textEntriesOf } from '../loose.ts';
import { boolean } from '../value-parsers.ts';
import {
  isAnySet,
  type AnnotationSpec,
  type Feature,
  type Outcome,
  type Risk,
  type Values,
} from './feature.ts';
import { features } from './index.ts';
import {
  isUsualValue,
  removedAnnotations,
  unsupportedAnnotations,
  type UnsupportedAnnotation,
} from './unsupported-annotations.ts';

/**
 * What becomes of an Ingress: `left-out` serves nothing, `closed` answers 503 on its paths, `closes-host` on all paths of its
 * hosts.
 */
export type Standing = 'served' | 'closed' | 'closes-host' | 'left-out';

export interface AnnotationReading {
  readonly standing: Standing;
  /** Of those features of which something is set. */
  readonly values: ReadonlyMap<Feature, Values<Record<string, unknown>>>;
  readonly findings: readonly Finding[];
}

export interface ReadingContext {
  /** `Ingress shop/web` */
  readonly object: string;
  readonly prefix: string;
  readonly global: GlobalSettings;
}

/** Reads all annotations under our prefix. None is passed over in silence unless it asks for nothing. */
export function readAnnotations(annotations: unknown, context: ReadingContext): AnnotationReading {
  return new Reader(annotations, context).read();
}

const RISKS: readonly Risk[] = ['low', 'medium', 'high', 'critical'];

/** From open to shut: of several outcomes the most careful counts. */
const STANDINGS: readonly Standing[] = ['served', 'closed', 'closes-host', 'left-out'];

interface KnownAnnotation {
  readonly risk: Risk;
}

/** Names of all features, aliases included. */
const honoured: ReadonlyMap<string, KnownAnnotation> = new Map(
  features.flatMap((feature) =>
    Object.entries(feature.annotations).flatMap(([name, spec]) =>
      [name, ...(spec.aliases ?? [])].map((each) => [each, spec] as const),
    ),
  ),
);

class Reader {
  readonly #context: ReadingContext;
  /** Names without prefix; values with each line trimmed. */
  readonly #texts = new Map<string, string>();
  readonly #findings: Finding[] = [];
  #standing: Standing = 'served';

  constructor(annotations: unknown, context: ReadingContext) {
    this.#context = context;
    const start = `${context.prefix}/`;
    for (const [key, value] of textEntriesOf(annotations)) {
      if (key.startsWith(start)) this.#texts.set(key.slice(start.length), trimLines(value));
    }
  }

  read(): AnnotationReading {
    const values = new Map<Feature, Values<Record<string, unknown>>>();
    if (this.#texts.size > 0) {
      this.#checkWords();
      this.#checkRisks();
      this.#checkCanary();
      if (this.#standing === 'left-out') {
        return { standing: this.#standing, values, findings: this.#findings };
      }
      for (const feature of features) {
        const read = this.#readFeature(feature);
        if (isAnySet(read)) values.set(feature, read);
      }
      for (const [name, text] of this.#texts) {
        if (!honoured.has(name) && text !== '') this.#readOther(name, text);
      }
    }
    return { standing: this.#standing, values, findings: this.#findings };
  }

  #checkWords(): void {
    const words = this.#context.global.values['annotation-value-word-blocklist'];
    if (words.length === 0) return;
    for (const [name, text] of this.#texts) {
      const word = words.find((each) => text.includes(each));
      if (word !== undefined) {
        const reason = `Its value holds ${quote(word)}, which annotation-value-word-blocklist forbids`;
        this.#report('ingress-dropped', name, `${reason}: the Ingress is not served.`);
        this.#become('left-out');
      }
    }
  }

  #checkRisks(): void {
    const allowed = this.#context.global.values['annotations-risk-level'];
    for (const [name, text] of this.#texts) {
      const risk = riskOf(name);
      if (text === '' || risk === undefined || RISKS.indexOf(risk) <= RISKS.indexOf(allowed)) {
        continue;
      }
      const remedy =
        risk === 'critical'
          ? 'Remove the annotation.'
          : 'Remove the annotation, or raise annotations-risk-level.';
      const reason = `Its risk is ${risk}, and annotations-risk-level allows ${allowed}`;
      this.#report('ingress-dropped', name, `${reason}: the Ingress is not served. ${remedy}`);
      this.#become('left-out');
    }
  }

  /** Its other annotations only mean something beside its main Ingress. */
  #checkCanary(): void {
    if (this.#standing === 'left-out') return;
    if (boolean().parse(this.#texts.get('canary') ?? '') !== true) return;
    const message =
      'Canaries are not honoured yet: this Ingress adds nothing, and its main Ingress has all requests. Delete it.';
    this.#report('annotation-unsupported', 'canary', message);
    this.#become('left-out');
  }

  #readFeature(feature: Feature): Values<Record<string, unknown>> {
    const values: Record<string, unknown> = {};
    let isIgnored = false;
    for (const [name, spec] of Object.entries(feature.annotations)) {
      const given = this.#textOf(name, spec);
      if (given === undefined) continue;
      const value = given.text === '' ? undefined : spec.value.parse(given.text);
      if (value === undefined) {
        const shown = given.text === '' ? 'An empty value' : quote(given.text);
        this.#fail(given.name, spec.onInvalid, `${shown} is not ${spec.value.syntax}.`);
        if (spec.onInvalid === 'ignore-feature') isIgnored = true;
        continue;
      }
      const refusal = spec.refuse?.(value);
      if (refusal === undefined) {
        values[name] = value;
      } else if (refusal.outcome === 'partly') {
        values[name] = value;
        this.#report(refusal.code ?? 'annotation-unsupported', given.name, refusal.reason);
      } else {
        this.#fail(given.name, refusal.outcome, refusal.reason);
      }
    }
    return isIgnored ? {} : values;
  }

  /** The first of its names that says something; an empty text where that is wrong. */
  #textOf(
    name: string,
    spec: AnnotationSpec<unknown>,
  ): { readonly name: string; readonly text: string } | undefined {
    for (const each of [name, ...(spec.aliases ?? [])]) {
      const text = this.#texts.get(each);
      if (text !== undefined && text !== '') return { name: each, text };
      if (text === '' && each === name && spec.emptyIsInvalid === true) return { name, text };
    }
    return undefined;
  }

  #fail(name: string, outcome: Outcome, reason: string): void {
    switch (outcome) {
      case 'default':
        this.#report('annotation-invalid', name, `${reason} It counts as absent.`);
        return;
      case 'ignore-feature':
        this.#report('annotation-invalid', name, `${reason} All of its feature counts as absent.`);
        return;
      case 'deny-503':
        this.#report(
          'guard-not-honoured',
          name,
          `${reason} All paths of the Ingress answer 503 until it is corrected.`,
        );
        this.#become('closed');
        return;
      case 'drop-ingress':
        this.#report(
          'ingress-dropped',
          name,
          `${reason} The Ingress is not served until it is corrected.`,
        );
        this.#become('left-out');
    }
  }

  /** What no feature honours. */
  #readOther(name: string, text: string): void {
    const known = unsupportedAnnotations.get(name);
    if (known !== undefined) {
      if (!isUsualValue(known, text)) this.#readUnsupported(name, text, known);
      return;
    }
    const instead = removedBy(name);
    if (instead !== undefined) {
      const remedy = instead === 'nothing' ? 'remove it' : instead;
      this.#report(
        'annotation-ignored',
        name,
        `It means nothing any more, in ingress-nginx neither: ${remedy}.`,
      );
      return;
    }
    if (name.endsWith('-snippet')) {
      this.#readSnippet(name, 'closes-paths');
      return;
    }
    const near = nearestName(name, [...honoured.keys(), ...unsupportedAnnotations.keys()]);
    const hint = near === undefined ? '' : `Was ${near} meant? `;
    this.#report(
      'annotation-unknown',
      name,
      `${hint}Nobody knows this annotation, and it has no effect. Correct the name or remove it.`,
    );
  }

  #readUnsupported(name: string, text: string, { effect, risk, doc }: UnsupportedAnnotation): void {
    if (risk === 'critical') {
      this.#readSnippet(name, effect);
      return;
    }
    switch (effect) {
      case 'meaningless':
        this.#report(
          'annotation-ignored',
          name,
          `It tunes the inside of nginx and means nothing here: remove it. (${doc})`,
        );
        return;
      case 'ignored':
        this.#report(
          'annotation-unsupported',
          name,
          `It is not honoured yet and has no effect: remove it if you can do without. (${doc})`,
        );
        return;
      case 'closes-paths':
        this.#report(
          'guard-not-honoured',
          name,
          `It guards access and is not honoured yet: all paths of the Ingress answer 503. Remove it once they are guarded by other means. (${doc})`,
        );
        this.#become('closed');
        return;
      case 'closes-host':
        this.#report(
          'guard-not-honoured',
          name,
          `It guards whole hosts and is not honoured yet: all paths of the hosts of the Ingress answer 503. Remove it once they are guarded by other means. (${doc})`,
        );
        this.#become('closes-host');
        return;
      case 'leaves-out':
        // `true` was dealt with; anything else leaves an ordinary Ingress.
        this.#fail(name, 'default', `${quote(text)} is not \`true\` or \`false\`.`);
    }
  }

  /** Only where an administrator let critical annotations through; the text itself is never run. */
  #readSnippet(name: string, effect: UnsupportedAnnotation['effect']): void {
    const { values, brokenGuards } = this.#context.global;
    const mayGuard =
      values['allow-snippet-annotations'] || brokenGuards.has('allow-snippet-annotations');
    if (!mayGuard || effect === 'ignored') {
      this.#report(
        'annotation-unsupported',
        name,
        'Snippets are never run: the Ingress is served without the text. Remove the annotation.',
      );
      return;
    }
    const what =
      effect === 'closes-host'
        ? 'all paths of its hosts answer'
        : 'all paths of the Ingress answer';
    this.#report(
      'guard-not-honoured',
      name,
      `Snippets are never run, and the text may guard access: ${what} 503. Remove the annotation.`,
    );
    this.#become(effect === 'closes-host' ? 'closes-host' : 'closed');
  }

  #become(standing: Standing): void {
    if (STANDINGS.indexOf(standing) > STANDINGS.indexOf(this.#standing)) this.#standing = standing;
  }

  #report(code: FindingCode, name: string, message: string): void {
    const field = `metadata.annotations[${this.#context.prefix}/${quote(name).slice(1, -1)}]`;
    this.#findings.push(finding(code, this.#context.object, field, message));
  }
}

function trimLines(text: string): string {
  if (!text.includes('\n')) return text.trim();
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}

function riskOf(name: string): Risk | undefined {
  const known = honoured.get(name) ?? unsupportedAnnotations.get(name);
  return known?.risk ?? (name.endsWith('-snippet') ? 'critical' : undefined);
}

function removedBy(name: string): string | undefined {
  const exact = removedAnnotations.get(name);
  if (exact !== undefined) return exact;
  for (const [start, instead] of removedAnnotations) {
    if (start.endsWith('-') && name.startsWith(start)) return instead;
  }
  return undefined;
}
