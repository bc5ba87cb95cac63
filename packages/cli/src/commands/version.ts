import { type Command, Option } from 'commander'
import type { Flags } from '../flags.ts'
import type { Invocation } from '../invocation.ts'

export function addVersionCommand(program: Command, invocation: Invocation, version: string): void {
  const command = program
    .command('version')
    .summary('print the version, and what it runs on')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
  command.action(() => {
    const flags: Flags = command.opts()
    const facts = { version, node: process.versions.node, platform: `${process.platform}/${process.arch}` }
    invocation.print(
      flags['format'] === 'json'
        ? `${JSON.stringify(facts)}\n`
        : `crossdock ${version} on Node.js ${facts.node}, ${facts.platform}\n`,
    )
  })
}
