import type { FinishedProcess } from './start-process.ts'

export interface ExpectedRefusal {
  readonly exitCode: number
  /** What the message has to say. */
  readonly says: string | RegExp
  /** What it may not show. */
  readonly hides?: string | undefined
}

/** Longer messages are of no use to anybody. */
const MAX_CHARACTERS = 1500

/** What is not right about how a command refused; empty if it said in one clear line what it should. */
export function problemsOf(finished: FinishedProcess, { exitCode, says, hides }: ExpectedRefusal): readonly string[] {
  const { stdout, stderr } = finished
  const [line = '', ...more] = stderr.trimEnd().split('\n')
  const problems = [
    finished.exitCode === exitCode ? '' : `ended with ${finished.exitCode} instead of ${exitCode}`,
    stdout.byteLength === 0 ? '' : 'printed something to stdout',
    line.startsWith('crossdock: ') ? '' : 'the message does not begin with the name of the command',
    more.every((text) => /^[A-Z][^\n]*\.$/.test(text)) ? '' : 'more than one message',
    matches(line, says) ? '' : `does not say ${String(says)}`,
    hides === undefined || !`${stdout.toString()}${stderr}`.includes(hides) ? '' : `shows ${hides}`,
    stderr.length <= MAX_CHARACTERS ? '' : `${stderr.length} characters`,
    hasControls(stderr) ? 'control characters' : '',
    /\n\s+at |TypeError|RangeError|internal error|undefined|\[object /.test(stderr)
      ? "speaks of the command's insides"
      : '',
  ].filter((problem) => problem !== '')
  return problems.length === 0 ? [] : [...problems, stderr]
}

/** Whether a text has characters that a terminal would obey or not show; line feeds are none. */
export function hasControls(text: string): boolean {
  return /[^\n\P{Cc}]|[\p{Cf}\u2028\u2029]/u.test(text)
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)
}
