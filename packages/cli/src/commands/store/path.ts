import { join, resolve } from 'node:path'
import { digestAlgorithm, digestEncoded } from '@crossdock/core'
import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { withStore } from '../../local-store/open-store.ts'
import { storeFolder } from '../../local-store/store-folder.ts'

export const pathCommand: CommandEntry = {
  name: 'path',
  summary: 'print where the store is, or a blob of it',
  define: (command, invocation) => {
    command
      .description(
        'Prints the folder of the store, whether there is one or not; with an image or a digest, the file with that manifest or blob.',
      )
      .argument('[image|digest]', 'a name of the store, or the digest of a blob')
      .action((image: string | undefined) =>
        invocation.run((operation) => printPath(image, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function printPath(image: string | undefined, call: Call): Promise<void> {
  const { invocation, operation } = call
  if (image === undefined) return await invocation.print(`${resolve(await storeFolder(call))}\n`)
  await withStore(call, async (store) => {
    const { blobDigest } = await import('../../local-store/find-image.ts')
    const digest = await blobDigest(store, image, operation)
    await invocation.print(`${join(store.folder, 'blobs', digestAlgorithm(digest), digestEncoded(digest))}\n`)
  })
}
