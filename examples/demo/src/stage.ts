import { styleText } from 'node:util'

/** One statement of the tour, and whether what was measured bears it out. */
export interface Claim {
  readonly text: string
  readonly holds: boolean
}

/** One line of the summary. */
export interface SummaryRow {
  readonly step: string
  /** Bytes of request and answer bodies at the registry. */
  readonly bytes: number
  readonly requests: number
  readonly seconds: number
}

/** Where the tour is shown. */
export interface Stage {
  /** Whether commands may draw on it themselves. */
  readonly terminal: boolean
  heading(text: string): void
  line(text: string): void
  command(line: string): void
  /** Shown with a tick or a cross, and remembered. */
  claim(text: string, holds: boolean): void
  summary(rows: readonly SummaryRow[]): void
  readonly claims: readonly Claim[]
}

type Style = Parameters<typeof styleText>[0]

export function createStage(stream: NodeJS.WriteStream): Stage {
  return stageOn((text) => void stream.write(text), {
    terminal: stream.isTTY,
    // styleText itself looks at NO_COLOR and at what the stream can do.
    paint: (style, text) => styleText(style, text, { stream }),
  })
}

export interface StageOptions {
  readonly terminal: boolean
  readonly paint: (style: Style, text: string) => string
}

export function stageOn(write: (text: string) => void, { terminal, paint }: StageOptions): Stage {
  const claims: Claim[] = []
  let headings = 0
  // A command begins a paragraph, except right below a heading.
  let paragraph = false
  return {
    terminal,
    claims,
    heading: (text) => {
      headings += 1
      paragraph = false
      write(`\n${paint('bold', `${headings}  ${text}`)}\n\n`)
    },
    line: (text) => write(text === '' ? '\n' : `   ${text}\n`),
    command: (line) => {
      write(`${paragraph ? '\n' : ''}   ${paint('cyan', `$ ${line}`)}\n`)
      paragraph = true
    },
    claim: (text, holds) => {
      claims.push({ text, holds })
      write(`   ${holds ? paint('green', '✓') : paint('red', '✗')} ${text}\n`)
    },
    summary: (rows) => {
      const [head = '', ...lines] = formatRows(rows)
      write(`   ${paint('bold', head)}\n`)
      for (const line of lines) write(`   ${line}\n`)
    },
  }
}

function formatRows(rows: readonly SummaryRow[]): readonly string[] {
  const cells = [
    ['step', 'moved', 'requests', 'seconds'],
    ...rows.map(({ step, bytes, requests, seconds }) => [
      step,
      formatBytes(bytes),
      String(requests),
      seconds.toFixed(1),
    ]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart((widths[at] ?? 0) + 2))).join(''),
  )
}

const UNITS = ['B', 'kB', 'MB', 'GB'] as const

/** In powers of 1000: `41.2 MB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${UNITS[power] ?? ''}`
}
