import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { VERSION } from '../version.ts'

export const versionCommand: CommandEntry = {
  name: 'version',
  summary: 'print the version, and what it runs on',
  define: (command, invocation) => {
    command
      .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
      .action(async () => {
        const { format } = command.opts<{ format: string }>()
        const facts = { version: VERSION, node: process.versions.node, platform: `${process.platform}/${process.arch}` }
        const text = `crossdock ${VERSION} on Node.js ${facts.node}, ${facts.platform}`
        await invocation.print(`${format === 'json' ? JSON.stringify(facts) : text}\n`)
      })
  },
}
