import type { CopyResult } from '@crossdock/copy'
import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../../endpoint-flags.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { gather, isSet, listFlag, textFlag, wholeNumber } from '../../flags.ts'
import { formatJson, printable } from '../../output/json.ts'
import { addProgressFlags } from '../../progress/start-progress.ts'

export const pullCommand: CommandEntry = {
  name: 'pull',
  summary: 'bring an image into the store',
  define: (command, invocation) => {
    command
      .description(
        'Brings images into the store, under the names that they have in their registry. A name without a transport is of a registry. ' +
          "Of an index it is kept whole, with the images for this machine's platform, or those asked for. What the store has already is " +
          'not fetched again, and without --always an image that is there is not asked for at all. An interrupted pull goes on where it stopped.',
      )
      .argument('<image...>', 'such as docker://alpine:3.20, alpine:3.20, or oci:./images:app with --name')
      .option('--name <name>', 'the name in the store')
      .option('--always', 'ask the registry even if the image is there')
      .option('-a, --all', 'bring every platform')
      .addOption(
        new Option(
          '--platform <os/arch[/variant]>',
          'platform to bring; with "*", a comma, or given again: several',
        ).argParser(gather),
      )
      .option('--referrers', 'also bring what refers to the image: signatures, SBOMs, attestations')
      .option('--remove-signatures', 'leave signatures behind')
      .option('--no-resume', 'keep nothing of an interrupted pull, and go on from nothing')
      .option('--image-parallel-copies <n>', 'most blobs in flight (default 16)', wholeNumber(1))
      .option('--json', 'print what was done to stdout as JSON')
    addProgressFlags(addRetryFlags(addEndpointFlags(command, '')))
    command
      .addHelpText('after', EXAMPLES)
      .action((images: readonly string[]) =>
        invocation.run((operation) => pull(images, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function pull(images: readonly string[], call: Call): Promise<void> {
  const { flags, invocation } = call
  if (isSet(flags, 'all') && listFlag(flags, 'platform').length > 0)
    throw new UsageError('--all and --platform contradict each other: give one of them')
  const wanted = await namedImages(images, textFlag(flags, 'name'))
  const { pullOptions, isThere } = await import('../../local-store/pull-image.ts')
  const { transferImage } = await import('../../transfer-image.ts')
  const options = await pullOptions(flags)
  const done: PulledImage[] = []
  for (const { from, name } of wanted) {
    const present = isSet(flags, 'always') ? undefined : await isThere(call, { name, options })
    if (present === undefined) {
      const names = { from, to: `store:${name}`, prefixes: { from: '', to: '' } } as const
      done.push(pulled(name, await transferImage(call, { names, options })))
    } else {
      done.push({ name, digest: present.digest, upToDate: true })
      if (!isSet(flags, 'quiet')) invocation.note(printable(`${name} is in the store already (${present.digest})\n`))
    }
  }
  if (isSet(flags, 'json')) await invocation.print(`${formatJson(done, 2)}\n`)
}

interface NamedImage {
  readonly from: string
  /** In the store. */
  readonly name: string
}

async function namedImages(images: readonly string[], given: string | undefined): Promise<readonly NamedImage[]> {
  if (given !== undefined && images.length > 1)
    throw new UsageError('--name names one image: give one, or leave it out')
  const [{ nameFromRemote, remoteName }, { storeImageName }] = await Promise.all([
    import('../../local-store/image-names.ts'),
    import('@crossdock/store'),
  ])
  return images.map((image) => {
    const from = remoteName(image)
    const name = given ?? nameFromRemote(from)
    if (name === undefined)
      throw new UsageError(`say with --name what ${printable(image)} is to be called in the store`)
    return { from, name: storeImageName(name) }
  })
}

interface PulledImage extends Partial<Omit<CopyResult, 'manifest'>> {
  readonly name: string
  readonly digest: CopyResult['digest']
}

function pulled(name: string, { manifest: _, ...result }: CopyResult): PulledImage {
  return { name, ...result }
}

const EXAMPLES = `
Examples:
  crossdock store pull docker://alpine:3.20
  crossdock store pull --all alpine:3.20 busybox:1.36
  crossdock store pull --name app:1 oci:./images:app
`
