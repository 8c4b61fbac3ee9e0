import { parseHostName } from '../host-name.ts';
import { splitList, type ValueParser } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

interface AliasList {
  readonly names: readonly string[];
  /** Regular expressions, which no host is matched by. */
  readonly patterns: readonly string[];
}

function aliasList(): ValueParser<AliasList> {
  return {
    syntax: 'a comma separated list of host names, `*.` in front for one label',
    parse: (text) => {
      const items = splitList(text);
      const patterns = items.filter((item) => item.startsWith('~'));
      const names = new Set<string>();
      for (const item of items) {
        if (item.startsWith('~')) continue;
        const name = parseHostName(item);
        if (name === undefined) return undefined;
        names.add(name);
      }
      return { names: [...names], patterns };
    },
  };
}

/** More names for each host of an Ingress. */
export const serverAlias = defineFeature<{ 'server-alias': AliasList }>({
  annotations: {
    'server-alias': {
      value: aliasList(),
      onInvalid: 'drop-ingress',
      risk: 'high',
      default: '',
      doc: 'More names for each host of the Ingress, with all its paths. A host that a rule names wins over an alias.',
      refuse: ({ patterns }) =>
        patterns.length === 0
          ? undefined
          : {
              outcome: 'partly',
              reason:
                'Aliases that are regular expressions are not supported and left out. Write the names out.',
            },
    },
  },
  applyToVirtualHost: (host, values) => {
    const names = values['server-alias']?.names ?? [];
    return names.length === 0 ? host : { ...host, aliases: [...host.aliases, ...names] };
  },
});
