export const BLOCK_BEGIN = '<!-- bench:begin -->'
export const BLOCK_END = '<!-- bench:end -->'

/** Replaces what stands between the markers. Throws if they are not there, in this order. */
export function replaceBlock(page: string, text: string): string {
  const begin = page.indexOf(BLOCK_BEGIN)
  const end = page.indexOf(BLOCK_END, begin)
  if (begin < 0 || end < 0) throw new Error(`the file has no "${BLOCK_BEGIN}" before a "${BLOCK_END}"`)
  return `${page.slice(0, begin + BLOCK_BEGIN.length)}\n\n${text.trim()}\n\n${page.slice(end)}`
}
