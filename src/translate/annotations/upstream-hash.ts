import { boolean, integer } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';
import { hashTemplate, type HashTemplate } from './upstream-hash-template.ts';

const USUAL_SIZE = 3;
const MAX_SIZE = 10_000;

/** The same endpoint, or the same few, for exchanges that have something in common. */
export const upstreamHash = defineFeature<{
  'upstream-hash-by': HashTemplate;
  'upstream-hash-by-subset': boolean;
  'upstream-hash-by-subset-size': number;
}>({
  annotations: {
    'upstream-hash-by': {
      value: hashTemplate(),
      onInvalid: 'drop-ingress',
      risk: 'high',
      default: '',
      doc: 'Requests for which this text is the same go to the same endpoint (consistent hashing). Loses to `affinity`, wins over `load-balance`.',
    },
    'upstream-hash-by-subset': {
      value: boolean(),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: 'false',
      doc: 'The text chooses a group of endpoints, and chance one of the group.',
    },
    'upstream-hash-by-subset-size': {
      value: integer(0, MAX_SIZE),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: '3',
      doc: 'Size of such a group; `0` means 3.',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    const template = values['upstream-hash-by'];
    if (template === undefined) return route;
    const size = values['upstream-hash-by-subset-size'] ?? USUAL_SIZE;
    const isSubset = values['upstream-hash-by-subset'] === true;
    const hash = {
      text: template.text,
      key: template.parts,
      subset: isSubset ? (size === 0 ? USUAL_SIZE : size) : ('none' as const),
    };
    return { ...route, balancing: { ...route.balancing, hash } };
  },
});
