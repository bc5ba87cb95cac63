import type { Command } from 'commander'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'

/** What every command takes that looks into an image: which of its platforms, and how to reach it. */
export function addReadingFlags(command: Command): Command {
  command.option('--platform <os/arch[/variant]>', "platform to take out of an index (default: this machine's)")
  return addRetryFlags(addEndpointFlags(command, ''))
}
