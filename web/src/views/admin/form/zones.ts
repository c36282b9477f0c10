/** The time zones that the browser knows, the reader's own first. */
export function zones(): string[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  return [...new Set([own, ...Intl.supportedValuesOf('timeZone')])].filter((z) => z !== 'UTC')
}
