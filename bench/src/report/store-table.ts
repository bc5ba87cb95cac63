import { BLOBS_OF_AN_IMAGE } from '../store/fill-store.ts'
import type { StoreFigure, StoreRow } from '../store/measure-store.ts'

/** The figures of a store as Markdown: a row for each kind of work, and how it grew from the smallest store to the largest. */
export function formatStoreTable(rows: readonly StoreRow[]): string {
  const sizes = rows[0]?.figures.map(({ images }) => images) ?? []
  const head = [
    'work',
    ...sizes.map((images) => `${grouped(images)} images, ${grouped(images * BLOBS_OF_AN_IMAGE)} blobs: command`),
    'grows',
    ...sizes.map((images) => `${grouped(images)}: library`),
    'grows',
    'peak MB',
  ]
  const lines = rows.map(({ title, figures }) => [
    title,
    ...figures.map(({ commandS }) => `${commandS.toFixed(3)} s`),
    growth(figures, ({ commandS }) => commandS),
    ...figures.map(({ libraryMs }) =>
      libraryMs === undefined ? '' : `${libraryMs.toFixed(libraryMs < 10 ? 2 : 0)} ms`,
    ),
    growth(figures, ({ libraryMs }) => libraryMs),
    peakText(figures),
  ])
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
}

function growth(figures: readonly StoreFigure[], valueOf: (figure: StoreFigure) => number | undefined): string {
  const [first, last] = [figures[0], figures.at(-1)].map((figure) => figure && valueOf(figure))
  return first === undefined || last === undefined || figures.length < 2 ? '' : `× ${(last / first).toFixed(1)}`
}

function peakText(figures: readonly StoreFigure[]): string {
  const bytes = figures.at(-1)?.peakBytes
  return bytes === undefined ? '' : (bytes / 1e6).toFixed(0)
}

function grouped(amount: number): string {
  return amount.toLocaleString('en-US')
}
