import type { CommandEntry } from '../command-entry.ts'
import { type Call, withImage } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { textFlag } from '../flags.ts'
import { platformFlag } from '../platform-flags.ts'
import { addReadingFlags } from '../root-filesystem/reading-flags.ts'

export const exportCommand: CommandEntry = {
  name: 'export',
  summary: "write an image's root filesystem as a tar",
  define: (command, invocation) => {
    command
      .description(
        'Writes the files of an image, its layers merged, as one tar: the same image gives the same bytes. Nothing is unpacked to ' +
          'disk. Each layer is read to learn what is in it, and those that still have content once more: from a registry ' +
          'both times over the network. To read it once, copy the image into a folder first.',
      )
      .argument('<image>', 'such as docker://alpine:3.20')
      .option('-o, --output <file>', 'write to this file, which is there only when it is whole; "-" is stdout', '-')
    addReadingFlags(command).action((name: string) =>
      invocation.run((operation) => exportImage(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function exportImage(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const output = textFlag(flags, 'output') ?? '-'
  if (output === '') throw new UsageError('--output takes the name of a file, or "-" for stdout')
  if (output === '-' && invocation.terminal.stdout.isTTY) {
    throw new UsageError('a tar is nothing for a terminal: name a file with --output, or send stdout elsewhere')
  }
  const platform = await platformFlag(flags)
  await withImage(call, name, async (reference) => {
    const { withLayers } = await import('../root-filesystem/open-layers.ts')
    const { exportTar } = await import('../root-filesystem/export-tar.ts')
    await withLayers(reference, { platform, operation }, async (image) => {
      const tar = exportTar(image, operation)
      if (output === '-') await (await import('../root-filesystem/print.ts')).printBytes(tar, call)
      else await (await import('../root-filesystem/write-whole.ts')).writeWhole(output, tar)
    })
  })
}
