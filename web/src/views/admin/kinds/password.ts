/** Without letters and digits that are taken for one another when they are read out. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/** A password that can be read out over the telephone and typed: 16 of 31 letters and digits, 79 bits. */
export function oneTimePassword(random: (n: number) => Uint8Array = (n) => crypto.getRandomValues(new Uint8Array(n))): string {
  const chosen: string[] = []
  while (chosen.length < 16) {
    for (const b of random(32)) {
      // The rest of 256 would make the first letters likelier.
      if (b < letters.length * 8 && chosen.length < 16) chosen.push(letters.charAt(b % letters.length))
    }
  }
  return [0, 4, 8, 12].map((at) => chosen.slice(at, at + 4).join('')).join('-')
}
