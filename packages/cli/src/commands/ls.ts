import type { CommandEntry } from '../command-entry.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { platformFlag } from '../platform-flags.ts'
import { addReadingFlags } from '../root-filesystem/reading-flags.ts'

export const lsCommand: CommandEntry = {
  name: 'ls',
  summary: 'list the files of an image',
  define: (command, invocation) => {
    command
      .description(
        'Lists what is in a folder of an image, its layers merged. Each layer is read once; nothing is unpacked to disk. Characters ' +
          'of names that a terminal would obey are shown escaped; --json has names as they are.',
      )
      .argument('<image>', 'such as docker://alpine:3.20')
      .argument('[path]', 'folder or file in the image; links are followed', '/')
      .option('-l, --long', 'also mode, owner, size, time, number of the layer, and where links lead')
      .option('-R, --recursive', 'also what is in its folders, with whole paths')
      .option('--json', 'print a JSON array, an object for each file')
    addReadingFlags(command).action((name: string, path: string) =>
      invocation.run((operation) =>
        printFiles({ name, path }, { flags: command.optsWithGlobals(), invocation, operation }),
      ),
    )
  },
}

async function printFiles({ name, path }: { readonly name: string; readonly path: string }, call: Call): Promise<void> {
  const { flags, operation } = call
  const platform = await platformFlag(flags)
  const form = isSet(flags, 'json') ? 'json' : isSet(flags, 'long') ? 'table' : 'names'
  await withImage(call, name, async (reference) => {
    const { withLayers } = await import('../root-filesystem/open-layers.ts')
    const { listFiles } = await import('../root-filesystem/list-files.ts')
    await withLayers(reference, { platform, operation }, (image) =>
      listFiles(image, { path, isRecursive: isSet(flags, 'recursive'), form }, call),
    )
  })
}
