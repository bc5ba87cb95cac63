import { hideUserInfo, quoteForeign } from '@crossdock/core'
import type { CommanderError } from 'commander'
import { UsageError } from './failure.ts'
import { unsupportedReason } from './unsupported-flags.ts'

/**
 * What the parser of the command line found wrong, without anything that may be a secret: what stands behind the "=" of an
 * unknown flag, what was given besides the arguments.
 */
export function usageError({ code, message }: CommanderError, command: string): UsageError {
  return new UsageError(`${problem(code, message)}; see ${command} --help`)
}

function problem(code: string, message: string): string {
  if (code === 'commander.help') return 'a command is missing, or is not known'
  if (code === 'commander.excessArguments') {
    const expected = /Expected (\d+) argument/.exec(message)?.[1] ?? 'fewer'
    const given = /but got (\d+)/.exec(message)?.[1] ?? 'more'
    return `too many arguments: it takes ${expected}, and ${given} were given`
  }
  const text = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\)$/s, '; did you mean $1')
  if (code !== 'commander.unknownOption') return quoteForeign(hideUserInfo(text))
  const [, flag = '', suggestion = ''] = /^unknown option '([^'=]*)[^]*?(; did you mean .*)?$/.exec(text) ?? []
  const reason = unsupportedReason(flag)
  return reason === undefined
    ? `unknown option ${quoteForeign(flag, 100)}${suggestion}`
    : `the option ${flag} is known, but not supported: ${reason}`
}
