import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import { copyOptions } from '../../copy-flags.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { gather, textFlag } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { platformsToSend } from '../../local-store/platforms-to-send.ts'
import { addProgressFlags } from '../../progress/start-progress.ts'
import { transferImage } from '../../transfer-image.ts'

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
  const options = await copyOptions(flags)
  const name = await nameInArchive(image, call)
  const isDocker = flags['type'] === 'docker'
  const platforms = isDocker ? options.platforms : await platformsToSend(call, { image, options })
  const to = `${isDocker ? 'docker' : 'oci'}-archive:${output}:${name}`
  const names = { from: `store:${image}`, to, prefixes: { from: '', to: '' } } as const
  await transferImage(call, { names, options: { ...options, platforms } })
}

/** The name that the image has in the store, whatever short form was typed. */
async function nameInArchive(image: string, call: Call): Promise<string> {
  return await withStore(call, async (store) => {
    const { findImage } = await import('../../local-store/find-image.ts')
    return (await findImage(store, image, call.operation)).name
  })
}

const EXAMPLES = `
Examples:
  crossdock store export alpine:3.20 --output alpine.tar
  crossdock store export --type docker alpine:3.20 | docker load
`
