/** A dial number has 3 to 18 digits, and these specials (C5). */
const specials = '+#*:'

/** What is left of a typed or pasted text when everything that cannot be dialled is taken out. */
export function dialable(text: string): string {
  return Array.from(text).filter((c) => (c >= '0' && c <= '9') || specials.includes(c)).join('')
}

/** Whether it can be sent; which numbers may be dialled, the server decides. */
export function isDialNumber(text: string): boolean {
  const digits = Array.from(text).filter((c) => c >= '0' && c <= '9').length
  return text === dialable(text) && digits >= 3 && digits <= 18
}

/** Whether somebody who searches means a number: nothing but what numbers are written with. */
export function looksLikeNumber(text: string): boolean {
  return /^[\d+#*:()\s./-]{3,}$/.test(text.trim()) && isDialNumber(dialable(text))
}
