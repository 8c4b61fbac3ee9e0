import type { GlobalSettings } from '../translate/configmap/global-settings.ts';
import { quote } from '../translate/finding.ts';
import { objectOf, objectsOf, textEntriesOf, textOf } from '../translate/loose.ts';
import type { Ingress } from '../translate/snapshot.ts';
import type { TranslateOptions } from '../translate/translate-options.ts';
import type { Remark } from './verdict.ts';

/** What is asked of an Ingress here and not by translation: ingress-nginx's webhook does, and running it as is harms nobody. */
export interface WebhookRemarks {
  readonly refused: readonly Remark[];
  readonly warned: readonly Remark[];
}

const DEFAULT_PREFIX = 'nginx.ingress.kubernetes.io';
/** Few objects of etcd's size limit have more, and each costs every replica some work. */
const MAX_PATHS = 10_000;
const PLAIN_PATH = /^\/[A-Za-z0-9._/-]*$/;

export function applyWebhookRules(
  ingress: Ingress,
  { global, options }: { readonly global: GlobalSettings; readonly options: TranslateOptions },
): WebhookRemarks {
  const odd = oddPaths(pathsOf(ingress));
  const isStrict = global.values['strict-validate-path-type'];
  return {
    refused: [...foreignAnnotations(ingress, global, options), ...(isStrict ? odd : [])],
    warned: isStrict ? [] : odd,
  };
}

interface PathPlace {
  readonly path: string;
  readonly pathType: string;
  readonly field: string;
}

function pathsOf(ingress: Ingress): readonly PathPlace[] {
  return objectsOf(objectOf(ingress.spec)?.rules).flatMap((rule, ruleIndex) =>
    objectsOf(objectOf(rule?.http)?.paths).map((path, index) => ({
      path: textOf(path?.path) ?? '',
      pathType: textOf(path?.pathType) ?? '',
      field: `spec.rules[${ruleIndex}].http.paths[${index}].path`,
    })),
  );
}

/** Before anything is done with them. */
export function refuseTooManyPaths(ingress: Ingress): readonly Remark[] {
  const count = pathsOf(ingress).length;
  if (count <= MAX_PATHS) return [];
  const message = `It has ${count} paths, and an Ingress has at most ${MAX_PATHS}: split it.`;
  return [{ field: 'spec.rules', message }];
}

/** Source: ConfigMap `strict-validate-path-type`. */
function oddPaths(paths: readonly PathPlace[]): readonly Remark[] {
  return paths
    .filter(({ path, pathType }) => {
      const isText = pathType === 'Exact' || pathType === 'Prefix';
      return isText && path !== '' && !PLAIN_PATH.test(path);
    })
    .map(({ path, pathType, field }) => ({
      field,
      message: `${quote(path)} has characters other than letters, digits, ".", "_", "-" and "/", which the path type ${pathType} takes literally. If it is a regular expression, use ImplementationSpecific.`,
    }));
}

/** Annotations of other prefixes that mean something to somebody who believes that they are read. */
function foreignAnnotations(
  { metadata }: Ingress,
  { values }: GlobalSettings,
  { annotationsPrefix }: TranslateOptions,
): readonly Remark[] {
  const foreign = textEntriesOf(metadata.annotations)
    .map(([name]) => name)
    .filter((name) => !name.startsWith(`${annotationsPrefix}/`));
  return foreign.flatMap((name) => {
    const field = `metadata.annotations[${quote(name).slice(1, -1)}]`;
    if (name.startsWith(`${DEFAULT_PREFIX}/`)) {
      const message = `It is not read, since the prefix of annotations is ${annotationsPrefix} here: change its prefix, or remove it.`;
      return [{ field, message }];
    }
    if (!name.endsWith('-snippet') || values['allow-snippet-annotations']) return [];
    return [{ field, message: 'Snippets are not allowed. Remove the annotation.' }];
  });
}
