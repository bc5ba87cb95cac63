import type { CommandEntry } from '../command-entry.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { formatJson } from '../output/json.ts'
import { platformFlag } from '../platform-flags.ts'
import { addReadingFlags } from '../root-filesystem/reading-flags.ts'

export const layersCommand: CommandEntry = {
  name: 'layers',
  summary: 'show what each layer of an image adds, and what it wastes',
  define: (command, invocation) => {
    command
      .description(
        'Shows the layers of an image, the lowest first: sizes packed and unpacked, how many files each adds, changes and ' +
          'removes, the content of its files, how much of that later layers hide (wasted), and the command that made it. Each layer is read once.',
      )
      .argument('<image>', 'such as docker://alpine:3.20')
      .option('--json', 'print a JSON array, an object for each layer; sizes are in bytes')
    addReadingFlags(command).action((name: string) =>
      invocation.run((operation) => printLayers(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function printLayers(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const platform = await platformFlag(flags)
  await withImage(call, name, async (reference) => {
    const { withLayers } = await import('../root-filesystem/open-layers.ts')
    const { formatSummaries, layerSummaries } = await import('../root-filesystem/layer-summaries.ts')
    const summaries = await withLayers(reference, { platform, operation }, (image) => layerSummaries(image, operation))
    await invocation.print(isSet(flags, 'json') ? `${formatJson(summaries, 2)}\n` : formatSummaries(summaries))
  })
}
