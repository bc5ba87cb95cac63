import type { RowResult } from '../result.ts'
import { type Finding, type Goal, GOALS } from './goals.ts'
import { formatTable, NONE } from './markdown.ts'
import { nameOf } from './summary.ts'

const HEADER = ['goal', 'row', 'when', 'asks', 'figure', 'holds']

/** Every goal with every row that it is about: what it asks, the figure, and whether it holds. */
export function formatGoals(results: readonly RowResult[], goals: readonly Goal[] = GOALS): string {
  const lines = goals.flatMap((goal) => linesOf(goal, results))
  const counts = (['now', 'then'] as const).map((when) => {
    const judged = lines.filter((line) => line.when === when && line.finding !== undefined)
    return `${judged.filter(({ finding }) => finding?.holds).length} of ${judged.length} hold ${when}`
  })
  const rows = lines.map(({ work, row, when, asks, finding }) => [
    work,
    row,
    when,
    asks,
    finding?.figure ?? 'not measured',
    finding === undefined ? NONE : finding.holds ? 'yes' : 'no',
  ])
  return `\n### Goals: ${counts.join(', ')}\n\n${formatTable(HEADER, rows, HEADER.length)}`
}

interface Line {
  readonly work: string
  readonly row: string
  readonly when: 'now' | 'then'
  readonly asks: string
  readonly finding: Finding | undefined
}

function linesOf({ work, rows: choose, demands }: Goal, results: readonly RowResult[]): readonly Line[] {
  const rows = choose(results)
  return demands.flatMap(({ when, asks, judge }) =>
    rows.length === 0
      ? [{ work, row: NONE, when, asks, finding: undefined }]
      : rows.map((row) => ({ work, row: nameOf(row), when, asks, finding: judge(row, results) })),
  )
}
