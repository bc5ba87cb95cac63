import { hideUserInfo, quoteForeign } from '@crossdock/core'
import type { CommanderError } from 'commander'
import { UsageError } from './failure.ts'
import { unsupportedReason } from './unsupported-flags.ts'

/**
 * What the parser of the command line found wrong, without anything that may be a secret: what stands behind the "=" of an
 * unknown flag, what was given besides the arguments.
 */
export function usageError({ code, message }: CommanderError, command: string): UsageError {
  const text = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\)$/s, '; did you mean $1')
  const flag = code === 'commander.unknownOption' ? /^unknown option '([^'=]*)/.exec(text)?.[1] : undefined
  const problem = flag === undefined ? parserProblem(code, text) : flagProblem(flag, text)
  return new UsageError(`${problem}; see ${command} --help`)
}

function flagProblem(flag: string, text: string): string {
  const reason = unsupportedReason(flag)
  if (reason !== undefined) return `the option ${flag} is known, but not supported: ${reason}`
  const suggestion = /; did you mean .*$/.exec(text)?.[0] ?? ''
  return `unknown option ${quoteForeign(flag, 100)}${suggestion}`
}

function parserProblem(code: string, text: string): string {
  if (code === 'commander.help') return 'a command is missing, or is not known'
  if (code !== 'commander.excessArguments') return quoteForeign(hideUserInfo(text))
  const expected = /Expected (\d+) argument/.exec(text)?.[1] ?? 'fewer'
  const given = /but got (\d+)/.exec(text)?.[1] ?? 'more'
  return `too many arguments: it takes ${expected}, and ${given} were given`
}
