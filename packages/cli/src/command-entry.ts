import type { Command } from 'commander'
import type { Invocation } from './invocation.ts'

/** A command, known by name; its arguments and flags are made when it is called or its help is asked for. */
export interface CommandEntry {
  readonly name: string
  readonly alias?: string
  /** In the list of commands. */
  readonly summary: string
  define(command: Command, invocation: Invocation): void
}
