import { parseAddress } from './endpoint-address.ts';

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = new RegExp(`^${LABEL}(\\.${LABEL})*\\.?$`);

/**
 * What `spec.externalName` says: a name for DNS, or an address by itself. Undefined where it is neither, or our own host and
 * that is not allowed.
 */
export function parseExternalName(
  text: string,
  { allowLocalEndpoints }: { readonly allowLocalEndpoints: boolean },
): { readonly kind: 'name' | 'address'; readonly value: string } | undefined {
  const value = text.trim().toLowerCase();
  const address = parseAddress(value);
  if (address !== undefined) return { kind: 'address', value: address };
  if (value === 'localhost' && allowLocalEndpoints) return { kind: 'address', value: '127.0.0.1' };
  if (value.length > 254 || !NAME.test(value)) return undefined;
  const labels = value.replace(/\.$/, '').split('.');
  const last = labels.at(-1) ?? '';
  // A last label of digits is a mistyped address: some resolvers take `127.1` for 127.0.0.1.
  if (last === 'localhost' || last === 'localdomain' || /^(\d+|0x[0-9a-f]*)$/.test(last))
    return undefined;
  return { kind: 'name', value };
}
