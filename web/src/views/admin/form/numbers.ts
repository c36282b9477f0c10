/** As many numbers as one range may have. */
export const mostOfRange = 1000

/** The numbers in a text, as people paste them: separated by commas, semicolons or lines, ranges written as +4930100..+4930119, spaces and brackets within a number. */
export function numbersFrom(text: string): string[] {
  return text
    .split(/[,;\n]+/)
    .map((n) => n.replace(/[\s()/-]/g, ''))
    .filter(Boolean)
    .flatMap(numbersOf)
}

/** A range in full; anything else as it stands, for the server to judge. */
function numbersOf(text: string): string[] {
  const ends = /^(\+?)(\d+)\.\.(\+?)(\d+)$/.exec(text)
  if (!ends) return [text]
  const [, plus = '', first = '', lastPlus, last = ''] = ends
  const from = BigInt(first)
  const to = BigInt(last)
  if (plus !== lastPlus || first.length !== last.length || to < from || to - from >= BigInt(mostOfRange)) return [text]
  return Array.from({ length: Number(to - from) + 1 }, (_, i) => plus + String(from + BigInt(i)).padStart(first.length, '0'))
}

/** Two spellings of one number: switches send the plus sign or not. */
export function sameNumber(a: string, b: string): boolean {
  return a.replace(/^\+/, '') === b.replace(/^\+/, '')
}

interface Served {
  id: string
  name: string
  numbers: string[]
}

export interface Taking {
  from: Served
  numbers: string[]
  /** It has no number left, and is switched off. */
  all: boolean
}

/** Which numbers serve other entry points already (N2). */
export function takings(id: string, numbers: readonly string[], all: readonly Served[]): Taking[] {
  return all
    .filter((e) => e.id !== id)
    .map((from) => {
      const taken = from.numbers.filter((own) => numbers.some((n) => sameNumber(n, own)))
      return { from, numbers: taken, all: taken.length === from.numbers.length }
    })
    .filter((t) => t.numbers.length > 0)
}
