import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { isSet, textFlag } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatJson, printable } from '../../output/json.ts'
import { count, formatBytes } from '../../output/sizes.ts'
import { formatTable } from '../../output/table.ts'
import { fillTemplate } from '../../output/template.ts'

export const infoCommand: CommandEntry = {
  name: 'info',
  summary: 'say where the store is and how much is in it',
  define: (command, invocation) => {
    command
      .description('Says where the store is, how many images and blobs it has, and how much room they take.')
      .option('--format <format>', 'table (default), json, or a template such as {{.Folder}} {{.Size}}')
      .option('--json', 'the same as --format json')
      .action(() => invocation.run((operation) => info({ flags: command.optsWithGlobals(), invocation, operation })))
  },
}

async function info(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const format = isSet(flags, 'json') ? 'json' : (textFlag(flags, 'format') ?? 'table')
  await withStore(call, async (store) => {
    const { describeStore } = await import('../../local-store/describe-store.ts')
    const facts = await describeStore(store, textFlag(flags, 'namespace') ?? 'default', operation)
    if (format === 'json') return await invocation.print(`${formatJson(facts, 2)}\n`)
    if (format !== 'table')
      return await invocation.print(`${printable(fillTemplate(format, facts)).replace(/\n$/, '')}\n`)
    const rows = [
      ['folder', facts.Folder],
      ['namespace', `${facts.Namespace} (of ${facts.Namespaces.join(', ')})`],
      ['images', String(facts.Images)],
      ['blobs', `${facts.Blobs}, ${formatBytes(facts.Size)}`],
      ['on their way', `${count(facts.Ingests, 'blob')}, ${formatBytes(facts.IngestSize)}`],
      ['leases', String(facts.Leases)],
    ]
    await invocation.print(printable(formatTable(rows)))
  })
}
