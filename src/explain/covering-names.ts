/** The names of hosts that cover a name: itself, and the wildcard of its parent. */
export function coveringNames(name: string): readonly string[] {
  const dot = name.indexOf('.');
  return dot === -1 ? [name] : [name, `*${name.slice(dot)}`];
}
