/** Whether the API server would take it as the name of a Secret (RFC 1123). A slash, above all, would name another namespace. */
export function isObjectName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);
}
