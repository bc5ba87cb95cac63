import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { age, byteSize, gatherWhole, isSet, listFlag, numberFlag } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatCollected } from '../../output/collected.ts'
import { formatJson, printable } from '../../output/json.ts'

export const pruneCommand: CommandEntry = {
  name: 'prune',
  summary: 'remove images that were not used for long, or until the store is small enough',
  define: (command, invocation) => {
    command
      .description(
        'Removes names that were not used for the time of --unused-for, and then, the longest unused first, until the store takes no more ' +
          'than --max-size; what no name needs any more goes with them. What is attached to an image, such as a signature, goes only with it. ' +
          'With --filter only names that match go.',
      )
      .option('--unused-for <duration>', 'names not used for so long, such as 12h or 30d; 0 is every name', age)
      .option('--max-size <size>', 'the most that the store may take, such as 500MB or 20GiB', byteSize)
      .addOption(new Option('--filter <filter>', "such as 'name~=^localhost'").argParser(gatherWhole))
      .option('-n, --dry-run', 'remove nothing, print the names that would go')
      .option('--min-age <duration>', 'keep blobs that are younger, such as 10m (default 1h)', age)
      .option('--json', 'print what was done to stdout as one JSON object')
      .option('-q, --quiet', 'say nothing but errors')
      .action(() => invocation.run((operation) => prune({ flags: command.optsWithGlobals(), invocation, operation })))
  },
}

async function prune(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const unusedForMs = numberFlag(flags, 'unusedFor')
  const maxBytes = numberFlag(flags, 'maxSize')
  const filters = listFlag(flags, 'filter')
  if (unusedForMs === undefined && maxBytes === undefined)
    throw new UsageError('say what may go with --unused-for or --max-size; "crossdock store gc" removes blobs alone')
  const dryRun = isSet(flags, 'dryRun')
  await withStore(call, async (store) => {
    const minAgeMs = numberFlag(flags, 'minAge')
    const pruned = await store.prune({ ...operation, unusedForMs, maxBytes, filters, dryRun, minAgeMs })
    if (isSet(flags, 'json')) return await invocation.print(`${formatJson({ dryRun, ...pruned }, 2)}\n`)
    if (dryRun) await invocation.print(printable(pruned.names.map((name) => `${name}\n`).join('')))
    if (isSet(flags, 'quiet')) return
    if (!dryRun) for (const name of pruned.names) invocation.note(printable(`removed ${name}\n`))
    invocation.note(formatCollected(pruned, { dryRun }))
  })
}
