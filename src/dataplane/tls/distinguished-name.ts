/** Between two attributes of one part of a name; within a value a plus sign has a backslash before it. */
const BESIDE = ' + ';

/**
 * A name as RFC 2253 writes it, and nginx: the most special part first, nothing but printable ASCII.
 * @param lines as Node gives a certificate's subject or issuer: a line a part, the most general first, values escaped.
 */
export function distinguishedName(lines: string | undefined): string {
  if (lines === undefined || lines === '') return '';
  return lines
    .split('\n')
    .reverse()
    .map((part) => part.split(BESIDE).reverse().join('+'))
    .join(',')
    .replace(/[^\x20-\x7e]+/gu, escapeBytes);
}

/** Each byte of its UTF-8 by itself. */
function escapeBytes(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase().replace(/../g, '\\$&');
}
