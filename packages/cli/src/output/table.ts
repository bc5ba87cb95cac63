import { stripVTControlCharacters } from 'node:util'

/** Rows in columns that are as wide as their widest cell, two spaces apart; the last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    })
  }
  return rows.map((row) => `${row.map((cell, column) => pad(cell, column, { row, widths })).join('  ')}\n`).join('')
}

function pad(
  cell: string,
  column: number,
  { row, widths }: { readonly row: readonly string[]; readonly widths: readonly number[] },
): string {
  if (column === row.length - 1) return cell
  return cell + ' '.repeat((widths[column] ?? 0) - width(cell))
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length
}
