import type { Spread } from './statistics.ts'

/** Stands for what there is no figure of. */
export const NONE = '–'

/** `median (least..most)` */
export function formatSpread(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return NONE
  const { median, least, most } = spread
  return `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`
}

export function formatMedian(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? NONE : spread.median.toFixed(digits)
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e5) return `${(bytes / 1e3).toFixed(1)} kB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** A table with padded cells; the first `left` columns are words, the others figures. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? ''
      return column < left ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |\n`
  }
  const rule = widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [header, rule, ...rows].map(line).join('')
}
