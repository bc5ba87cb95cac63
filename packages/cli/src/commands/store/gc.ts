import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { age, isSet, numberFlag } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatCollected } from '../../output/collected.ts'
import { formatJson } from '../../output/json.ts'

export const gcCommand: CommandEntry = {
  name: 'gc',
  summary: 'remove blobs that no image needs',
  define: (command, invocation) => {
    command
      .description(
        'Removes the blobs that no name of any namespace, no lease and nothing that is on its way needs, and the names of what is ' +
          'attached to them, such as signatures. It may run beside everything else. What is younger than --min-age stays: other programs ' +
          'write blobs first and name them later.',
      )
      .option('-n, --dry-run', 'remove nothing, print the digests that would go')
      .option('--min-age <duration>', 'keep what is younger, such as 10m (default 1h)', age)
      .option('--json', 'print what was done to stdout as one JSON object')
      .option('-q, --quiet', 'say nothing but errors')
      .action(() => invocation.run((operation) => gc({ flags: command.optsWithGlobals(), invocation, operation })))
  },
}

async function gc(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const dryRun = isSet(flags, 'dryRun')
  await withStore(call, async (store) => {
    const collected = await store.collect({ ...operation, dryRun, minAgeMs: numberFlag(flags, 'minAge') })
    if (isSet(flags, 'json')) return await invocation.print(`${formatJson({ dryRun, ...collected }, 2)}\n`)
    if (dryRun) await invocation.print(collected.digests.map((digest) => `${digest}\n`).join(''))
    if (!isSet(flags, 'quiet')) invocation.note(formatCollected(collected, { dryRun }))
  })
}
