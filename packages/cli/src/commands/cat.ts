import type { CommandEntry } from '../command-entry.ts'
import { type Call, withImage } from '../endpoints.ts'
import { platformFlag } from '../platform-flags.ts'
import { addReadingFlags } from '../root-filesystem/reading-flags.ts'

export const catCommand: CommandEntry = {
  name: 'cat',
  summary: 'print a file of an image',
  define: (command, invocation) => {
    command
      .description(
        'Prints the content of a file of an image, its layers merged, byte for byte. Symbolic links are followed inside the image and ' +
          'never out of it. Each layer is read once, the one with the file once more up to the file.',
      )
      .argument('<image>', 'such as docker://alpine:3.20')
      .argument('<path>', 'such as /etc/os-release')
    addReadingFlags(command).action((name: string, path: string) =>
      invocation.run((operation) =>
        printFile({ name, path }, { flags: command.optsWithGlobals(), invocation, operation }),
      ),
    )
  },
}

async function printFile({ name, path }: { readonly name: string; readonly path: string }, call: Call): Promise<void> {
  const { flags, operation } = call
  const platform = await platformFlag(flags)
  await withImage(call, name, async (reference) => {
    const { withLayers } = await import('../root-filesystem/open-layers.ts')
    const { fileContent } = await import('../root-filesystem/file-content.ts')
    const { printBytes } = await import('../root-filesystem/print.ts')
    await withLayers(reference, { platform, operation }, (image) =>
      printBytes(fileContent(image, path, operation.signal), call),
    )
  })
}
