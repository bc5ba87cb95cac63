import { manifestDigest } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { readInputFile } from '../input-file.ts'

export const manifestDigestCommand: CommandEntry = {
  name: 'manifest-digest',
  summary: 'print the digest of a manifest in a file',
  define: (command, invocation) => {
    command
      .description(
        'Prints the digest by which registries know the manifest in a file: that of its bytes, but for a signed Docker schema 1 ' +
          'manifest, which is named by what its signatures cover.',
      )
      .argument('<manifest>', 'a file, as "crossdock inspect --raw" prints it')
      .action((manifest: string) =>
        invocation.run(async ({ signal }) => {
          await invocation.print(`${manifestDigest(await readInputFile(manifest, { signal }))}\n`)
        }),
      )
  },
}
