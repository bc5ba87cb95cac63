/** The middle of some values, between their extremes. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Of what is a number; undefined if nothing is. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const numbers = values.filter((value): value is number => value !== undefined && !Number.isNaN(value))
  if (numbers.length === 0) return undefined
  return { median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers) }
}

/** NaN if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]]
  return (low + high) / 2
}
