/** Between which lines of a page figures stand. */
export interface BlockMarkers {
  readonly begin: string
  readonly end: string
}

export const BENCH_BLOCK: BlockMarkers = { begin: '<!-- bench:begin -->', end: '<!-- bench:end -->' }
export const STORE_BLOCK: BlockMarkers = { begin: '<!-- bench-store:begin -->', end: '<!-- bench-store:end -->' }

/** Replaces what stands between the markers. Throws if they are not there, in this order. */
export function replaceBlock(page: string, text: string, markers: BlockMarkers = BENCH_BLOCK): string {
  const begin = page.indexOf(markers.begin)
  const end = page.indexOf(markers.end, begin)
  if (begin < 0 || end < 0) throw new Error(`the file has no "${markers.begin}" before a "${markers.end}"`)
  return `${page.slice(0, begin + markers.begin.length)}\n\n${text.trim()}\n\n${page.slice(end)}`
}
