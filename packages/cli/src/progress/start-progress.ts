import { type Command, Option } from 'commander'
import { type Flags, isSet, textFlag } from '../flags.ts'
import type { Invocation, Operation, Terminal } from '../invocation.ts'
import { printable } from '../output/json.ts'
import { createBars } from './bars.ts'
import type { ProgressDisplay } from './display.ts'
import { createJsonLines } from './json-lines.ts'
import { createLines } from './lines.ts'

export function addProgressFlags(command: Command): void {
  command
    .addOption(
      new Option(
        '--progress <style>',
        'bars (default on a terminal), lines (default elsewhere), json (JSON lines) or none',
      ).choices(['bars', 'lines', 'json', 'none']),
    )
    .option('-q, --quiet', 'say nothing but errors')
}

export interface StartedProgress extends ProgressDisplay {
  /** Whether people read along, so that a summary at the end is wanted. */
  readonly summary: boolean
  /** Told once the names are known to be good. */
  readonly named: (names: { readonly from: string; readonly to: string }) => void
}

/** What is told before a copy begins, and after: people see it as in commands that copy nothing, machines as in a copy. */
export function progressApart(
  flags: Flags,
  { invocation, operation }: { readonly invocation: Invocation; readonly operation: Operation },
): Operation['onProgress'] {
  const style = isSet(flags, 'quiet') ? 'none' : textFlag(flags, 'progress')
  if (style !== 'none' && style !== 'json') return operation.onProgress
  return createDisplay(style, invocation.terminal.stderr).onProgress
}

/** Chooses the display by `--progress`, `--quiet` and what stderr is. */
export function startProgress(flags: Flags, invocation: Invocation): StartedProgress {
  const { stderr, env } = invocation.terminal
  const style = isSet(flags, 'quiet') ? 'none' : (textFlag(flags, 'progress') ?? defaultStyle(stderr, env))
  const display = createDisplay(style, stderr)
  const summary = style === 'bars' || style === 'lines'
  return {
    ...display,
    summary,
    named: ({ from, to }) => {
      if (summary) invocation.note(`${printable(from)}\n  → ${printable(to)}\n`)
    },
  }
}

function defaultStyle(stderr: NodeJS.WriteStream, env: Terminal['env']): string {
  return stderr.isTTY && env['TERM'] !== 'dumb' ? 'bars' : 'lines'
}

function createDisplay(style: string, stderr: NodeJS.WriteStream): ProgressDisplay {
  if (style === 'bars') return createBars(stderr)
  if (style === 'lines') return createLines(stderr)
  if (style === 'json') return createJsonLines(stderr)
  return { onProgress: ignore, stop: ignore }
}

function ignore(): void {
  // Nothing is shown.
}
