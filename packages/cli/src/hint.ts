import { ImageError } from '@crossdock/core'
import type { Flags } from './flags.ts'
import { Interruption } from './interruption.ts'

/** The command that was running, by name, with its flags. */
export interface RunningCommand {
  readonly name: string
  readonly flags: Flags
}

/** What to do next after a failure, as a line; empty if the message says all there is to say. */
export function hintFor(error: unknown, command: RunningCommand | undefined): string {
  if (command === undefined) return ''
  if (error instanceof Interruption && command.name === 'copy' && command.flags['resume'] !== false) {
    return 'Run the same command again: it goes on where it stopped.\n'
  }
  if (error instanceof ImageError && error.code === 'UNAUTHENTICATED') {
    return `Give credentials with ${credentialsFlag(error, command.name)} USER:PASSWORD.\n`
  }
  return ''
}

function credentialsFlag({ side }: ImageError, command: string): string {
  if (command !== 'copy' && command !== 'plan') return '--creds'
  return side === 'source' ? '--src-creds' : '--dest-creds'
}
