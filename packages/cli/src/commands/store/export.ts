import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { gather, isSet, textFlag } from '../../flags.ts'
import { addProgressFlags } from '../../progress/start-progress.ts'

export const exportFromStoreCommand: CommandEntry = {
  name: 'export',
  summary: 'write an image of the store as an archive',
  define: (command, invocation) => {
    command
      .description(
        'Writes an image of the store as an archive: an OCI layout in a tar with everything that the store has of it, or what "docker load" ' +
          'reads with one platform. "crossdock export store:NAME" writes its merged root filesystem.',
      )
      .argument('<image>', 'a name of the store')
      .addOption(new Option('--type <type>', 'what to write').choices(['oci', 'docker']).default('oci'))
      .option('-o, --output <file>', 'write to this file; "-" is stdout', '-')
      .option('-a, --all', 'every platform, and fail if one is not there')
      .addOption(new Option('--platform <os/arch[/variant]>', 'only the image for this platform').argParser(gather))
    addProgressFlags(command)
    command
      .addHelpText('after', EXAMPLES)
      .action((image: string) =>
        invocation.run((operation) =>
          exportFromStore(image, { flags: command.optsWithGlobals(), invocation, operation }),
        ),
      )
  },
}

async function exportFromStore(image: string, call: Call): Promise<void> {
  const { flags, invocation } = call
  const output = textFlag(flags, 'output') ?? '-'
  if (output === '') throw new UsageError('--output takes the name of a file, or "-" for stdout')
  if (output === '-' && invocation.terminal.stdout.isTTY)
    throw new UsageError('a tar is nothing for a terminal: name a file with --output, or send stdout elsewhere')
  const [{ presentPlatforms }, { findImage }, { withStore }, { copyOptions }, { transferImage }] = await Promise.all([
    import('../../local-store/push-image.ts'),
    import('../../local-store/find-image.ts'),
    import('../../local-store/open-store.ts'),
    import('../../copy-flags.ts'),
    import('../../transfer-image.ts'),
  ])
  const { name } = await withStore(call, (store) => findImage(store, image, call.operation))
  const isDocker = flags['type'] === 'docker'
  const options = await copyOptions(flags)
  const isChosen = isSet(flags, 'all') || options.platform !== undefined || options.platforms !== undefined || isDocker
  const platforms = isChosen ? options.platforms : await presentPlatforms(call, image)
  const to = `${isDocker ? 'docker' : 'oci'}-archive:${output}:${name}`
  const names = { from: `store:${image}`, to, prefixes: { from: '', to: '' } } as const
  await transferImage(call, { names, options: { ...options, platforms } })
}

const EXAMPLES = `
Examples:
  crossdock store export alpine:3.20 --output alpine.tar
  crossdock store export --type docker alpine:3.20 | docker load
`
