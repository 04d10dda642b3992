/** Byte order of two strings' UTF-16 units: the only order that is the same in every locale. For `sort`. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Ascending numbers, for `sort`. */
export function byNumber(a: number, b: number): number {
  return a - b
}
