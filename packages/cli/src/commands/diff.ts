import type { CommandEntry } from '../command-entry.ts'
import type { Call } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { platformFlag } from '../platform-flags.ts'
import { addReadingFlags } from '../root-filesystem/reading-flags.ts'
import { type TwoNames, withTwoImages } from '../root-filesystem/two-images.ts'

export const diffCommand: CommandEntry = {
  name: 'diff',
  summary: 'show in what the files of two images differ',
  define: (command, invocation) => {
    command
      .description(
        'Shows which files were added, removed or changed from one image to another, and in what those differ: type, mode, owner, content, ' +
          'link, device, attributes. A layer that both have is read once. The flags hold for both images. The exit code is 0 ' +
          'whether they differ or not; without a difference nothing is printed.',
      )
      .argument('<before>', 'such as docker://alpine:3.19')
      .argument('<after>', 'such as docker://alpine:3.20')
      .option('--times', 'files that differ in nothing but their time differ, too')
      .option('--json', 'print a JSON array, an object for each difference')
    addReadingFlags(command).action((before: string, after: string) =>
      invocation.run((operation) =>
        printDifferences({ before, after }, { flags: command.optsWithGlobals(), invocation, operation }),
      ),
    )
  },
}

async function printDifferences(names: TwoNames, call: Call): Promise<void> {
  const { flags, operation } = call
  const platform = await platformFlag(flags)
  const options = { times: isSet(flags, 'times'), form: isSet(flags, 'json') ? 'json' : 'lines' } as const
  const { withLayers } = await import('../root-filesystem/open-layers.ts')
  const { diffImages } = await import('../root-filesystem/diff-images.ts')
  await withTwoImages(call, names, (one, other) =>
    withLayers(one, { platform, operation }, (before) =>
      withLayers(other, { platform, operation }, (after) => diffImages({ before, after }, options, call)),
    ),
  )
}
