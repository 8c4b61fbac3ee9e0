import type { Finding } from '../model/finding.ts';
import { nearestName } from './edit-distance.ts';
import { finding, quote } from './finding.ts';
import { parseLabelSelector } from './label-selector.ts';
import { objectOf, textOf } from './loose.ts';
import type { Ingress, Snapshot } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

const LEGACY_ANNOTATION = 'kubernetes.io/ingress.class';

/** Whose an Ingress is, by namespace and class; `unwatched`: its namespace is not ours to look into. Source: routing.md §1.1. */
export type IngressSelection = (ingress: Ingress) => 'ours' | 'another class' | 'unwatched';

/** What of the command line has a say in it. */
export type SelectionOptions = Pick<
  TranslateOptions,
  | 'controllerClass'
  | 'ingressClass'
  | 'ingressClassByName'
  | 'namespaceSelector'
  | 'watchIngressWithoutClass'
  | 'watchNamespaces'
>;

export function createIngressSelection(
  snapshot: Snapshot,
  options: SelectionOptions,
): IngressSelection {
  const isWatched = createNamespaceSelection(snapshot, options);
  return (ingress) => {
    if (!isWatched(ingress.metadata.namespace ?? 'default')) return 'unwatched';
    return isOurClass(ingress, snapshot, options) ? 'ours' : 'another class';
  };
}

/** The first rule that applies decides: class name, legacy annotation, neither. */
function isOurClass(ingress: Ingress, snapshot: Snapshot, options: SelectionOptions): boolean {
  const className = objectOf(ingress.spec)?.ingressClassName;
  if (textOf(className) !== undefined) {
    return isOurClassName(className ?? '', snapshot, options);
  }
  const legacy = legacyClass(ingress);
  if (legacy !== undefined) return legacy === options.ingressClass;
  return options.watchIngressWithoutClass;
}

function isOurClassName(name: string, snapshot: Snapshot, options: SelectionOptions): boolean {
  const controller = objectOf(snapshot.ingressClasses.get(name)?.spec)?.controller;
  if (controller === options.controllerClass) return true;
  const isByName = options.ingressClassByName || snapshot.ingressClassesUnreadable === true;
  return isByName && name === options.ingressClass;
}

function legacyClass(ingress: Ingress): string | undefined {
  return textOf(objectOf(ingress.metadata.annotations)?.[LEGACY_ANNOTATION]);
}

/** A selector that does not parse selects nothing. */
function createNamespaceSelection(
  { namespaces }: Snapshot,
  { watchNamespaces, namespaceSelector }: SelectionOptions,
): (namespace: string) => boolean {
  if (namespaceSelector !== undefined) {
    const selects = parseLabelSelector(namespaceSelector) ?? (() => false);
    const known = new Map<string, boolean>();
    return (namespace) => {
      let selected = known.get(namespace);
      if (selected === undefined) {
        const object = namespaces.get(namespace);
        selected = object !== undefined && selects(objectOf(object.metadata.labels));
        known.set(namespace, selected);
      }
      return selected;
    };
  }
  if (watchNamespaces.length === 0) return () => true;
  const watched = new Set(watchNamespaces);
  return (namespace) => watched.has(namespace);
}

/**
 * Why an Ingress that is not ours looks as if it was meant to be: a class name with a slip of the pen, a class of ours that
 * does not exist, the two ways of naming a class at odds. Ingresses of other controllers are none of our business.
 */
export function findClassSlip(
  ingress: Ingress,
  snapshot: Snapshot,
  options: TranslateOptions,
): Finding | undefined {
  const className = textOf(objectOf(ingress.spec)?.ingressClassName);
  const legacy = legacyClass(ingress);
  const object = `Ingress ${ingress.metadata.namespace ?? 'default'}/${ingress.metadata.name}`;
  const report = (field: string, message: string): Finding =>
    finding('ingress-class-unknown', object, field, `${message}: the Ingress is not served.`);
  if (className === undefined) {
    if (legacy === undefined || !isNear(legacy, options.ingressClass)) return undefined;
    return report(
      `metadata.annotations[${LEGACY_ANNOTATION}]`,
      `${quote(legacy)} is not our class, which is spelled ${quote(options.ingressClass)}`,
    );
  }
  const known = snapshot.ingressClasses.get(className);
  if (legacy === options.ingressClass) {
    return report(
      'spec.ingressClassName',
      `It names the class ${quote(className)}, which is not ours, and that counts although the annotation ${LEGACY_ANNOTATION} names ours`,
    );
  }
  if (
    className === options.ingressClass ||
    (known === undefined && isNear(className, options.ingressClass))
  ) {
    const why =
      known === undefined
        ? missingClass(className, options)
        : `The IngressClass ${quote(className)} belongs to another controller; ours is ${quote(options.controllerClass)}, unless --controller-class says so`;
    return report('spec.ingressClassName', why);
  }
  return undefined;
}

function missingClass(className: string, { ingressClass }: TranslateOptions): string {
  const what = `There is no IngressClass ${quote(className)}`;
  return className === ingressClass
    ? `${what}; create it, or start with --ingress-class-by-name`
    : `${what} (was ${quote(ingressClass)} meant?)`;
}

/** Where no other controller reads the same objects, an Ingress of another class is one that nobody serves. */
export function reportOtherClass(ingress: Ingress, { ingressClass }: TranslateOptions): Finding {
  const className = textOf(objectOf(ingress.spec)?.ingressClassName) ?? legacyClass(ingress);
  const object = `Ingress ${ingress.metadata.namespace ?? 'default'}/${ingress.metadata.name}`;
  const message =
    className === undefined
      ? `It names no class: the Ingress is not served. Add ingressClassName: ${ingressClass}, or start with --watch-ingress-without-class.`
      : `Its class ${quote(className)} is not ours, ${quote(ingressClass)}: the Ingress is not served. To serve that class, start with --ingress-class=${className} --ingress-class-by-name.`;
  return finding('ingress-class-unknown', object, 'spec.ingressClassName', message);
}

function isNear(text: string, name: string): boolean {
  return nearestName(text.trim().toLowerCase(), [name.toLowerCase()]) !== undefined;
}
