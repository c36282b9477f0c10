/** A day as the API has it, 2026-01-31, by the reader's own clock; so many days from the given one. */
export function dayOf(at: Date, later = 0): string {
  const d = new Date(at.getFullYear(), at.getMonth(), at.getDate() + later)
  return [String(d.getFullYear()).padStart(4, '0'), String(d.getMonth() + 1).padStart(2, '0'), String(d.getDate()).padStart(2, '0')].join('-')
}
