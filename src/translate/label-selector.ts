/** One condition of a label selector; all must hold. */
type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** Tells whether labels are selected. */
export type LabelSelector = (labels: Readonly<Record<string, string>> | undefined) => boolean;

const KEY = '[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?';
const VALUE = '([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?';
const EQUALITY = new RegExp(`^(?<key>${KEY})\\s*(?<operator>==|=|!=)\\s*(?<value>${VALUE})$`);
const SET = new RegExp(`^(?<key>${KEY})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`);
const EXISTENCE = new RegExp(`^(?<not>!\\s*)?(?<key>${KEY})$`);
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);

/**
 * The text form of a label selector: `team=shop,tier!=test,env in (prod,stage),!legacy`. Undefined where it does not parse.
 * Source: k8s.io/apimachinery labels.Parse.
 */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const requirements: Requirement[] = [];
  for (const part of text.split(/,(?![^(]*\))/)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
  }
  return (labels = {}) => requirements.every((holds) => holds(labels));
}

function parseRequirement(text: string): Requirement | undefined {
  const equality = EQUALITY.exec(text)?.groups;
  if (equality !== undefined) {
    const { key = '', operator, value = '' } = equality;
    return operator === '!='
      ? (labels) => read(labels, key) !== value
      : (labels) => read(labels, key) === value;
  }
  const set = SET.exec(text)?.groups;
  if (set !== undefined) {
    const { key = '', operator, values = '' } = set;
    const wanted: readonly (string | undefined)[] = values.split(',').map((item) => item.trim());
    if (!wanted.every((item) => WHOLE_VALUE.test(item ?? ''))) return undefined;
    return operator === 'in'
      ? (labels) => wanted.includes(read(labels, key))
      : (labels) => !wanted.includes(read(labels, key));
  }
  const existence = EXISTENCE.exec(text)?.groups;
  if (existence === undefined) return undefined;
  const { not, key = '' } = existence;
  return not === undefined
    ? (labels) => read(labels, key) !== undefined
    : (labels) => read(labels, key) === undefined;
}

function read(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
