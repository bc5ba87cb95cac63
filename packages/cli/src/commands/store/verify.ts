import { ImageError } from '@crossdock/core'
import type { Finding } from '@crossdock/store'
import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { isSet } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatJson, printable } from '../../output/json.ts'
import { count } from '../../output/sizes.ts'

export const verifyStoreCommand: CommandEntry = {
  name: 'verify',
  summary: 'check that everything in the store is as it should be',
  define: (command, invocation) => {
    command
      .description(
        'Reads every blob and checks its size and digest, that every name stands for something that is there, and that index.json and the ' +
          'database say the same. Prints a line for each finding: its kind, what it is about, and what is wrong. Ends with 5 if there is one.',
      )
      .option('--no-hash', 'look at sizes alone: quick, and blind for bytes that changed')
      .option('--json', 'print the findings as one JSON object')
      .option('-q, --quiet', 'say nothing but errors')
      .action(() => invocation.run((operation) => verify({ flags: command.optsWithGlobals(), invocation, operation })))
  },
}

async function verify(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const asJson = isSet(flags, 'json')
  const findings: Finding[] = []
  await withStore(call, async (store) => {
    for await (const finding of store.verify({ ...operation, hash: flags['hash'] !== false })) {
      findings.push(finding)
      if (!asJson) await invocation.print(findingLine(finding))
    }
  })
  if (asJson) await invocation.print(`${formatJson({ findings }, 2)}\n`)
  if (findings.length > 0)
    throw new ImageError('INVALID_DATA', `the store is not as it should be: ${count(findings.length, 'finding')}`)
  if (!asJson && !isSet(flags, 'quiet')) invocation.note('everything is as it should be\n')
}

function findingLine({ kind, subject, message }: Finding): string {
  return `${[kind, subject, message].map((part) => printable(part).replaceAll(/[\n\t]/g, ' ')).join('\t')}\n`
}
