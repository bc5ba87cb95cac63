import type { CopyOptions, CopyResult } from '@crossdock/copy'
import { type Digest, ImageError } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import { copyOptions } from '../../copy-flags.ts'
import { addEndpointFlags, addRetryFlags } from '../../endpoint-flags.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { type Flags, gather, isSet, listFlag, textFlag, wholeNumber } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import type { WantedImage } from '../../local-store/present-content.ts'
import { nameFromRemote, remoteName } from '../../remote-names.ts'
import { formatJson, printable } from '../../output/json.ts'
import { addProgressFlags } from '../../progress/start-progress.ts'
import { transferImage } from '../../transfer-image.ts'

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
  const { flags, invocation, operation } = call
  const wanted = await namedImages(images, textFlag(flags, 'name'))
  const options = await pullOptions(flags)
  const done: PulledImage[] = []
  for (const { from, name } of wanted) {
    const present = isSet(flags, 'always')
      ? undefined
      : await presentImage(call, { name, platforms: options.platforms })
    if (present === undefined) {
      const names = { from, to: `store:${name}`, prefixes: { from: '', to: '' } } as const
      done.push(pulled(name, await transferImage(call, { names, options })))
    } else {
      done.push({ name, digest: present, upToDate: true })
      if (!isSet(flags, 'quiet')) invocation.note(printable(`${name} is in the store already (${present})\n`))
    }
    operation.signal.throwIfAborted()
  }
  if (isSet(flags, 'json')) await invocation.print(`${formatJson(done, 2)}\n`)
}

/** An index is kept whole, with the platforms that are wanted. */
async function pullOptions(flags: Flags): Promise<CopyOptions> {
  const named = listFlag(flags, 'platform')
  if (isSet(flags, 'all') && named.length > 0)
    throw new UsageError('--all and --platform contradict each other: give one of them')
  const { platform: one, ...options } = await copyOptions(flags)
  if (isSet(flags, 'all')) return options
  if (named.length > 0) return { ...options, platforms: named, subset: 'sparse' }
  const { formatPlatform, hostPlatform } = await import('@crossdock/formats')
  return { ...options, platforms: [one ?? formatPlatform(hostPlatform())], subset: 'sparse' }
}

/** The digest of the image, if all that is wanted of it is there. */
async function presentImage(call: Call, wanted: WantedImage): Promise<Digest | undefined> {
  try {
    return await withStore(call, async (store) => {
      const { isThere } = await import('../../local-store/present-content.ts')
      return (await isThere(store, wanted, call.operation))?.digest
    })
  } catch (error) {
    if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

interface NamedImage {
  readonly from: string
  /** In the store. */
  readonly name: string
}

async function namedImages(images: readonly string[], given: string | undefined): Promise<readonly NamedImage[]> {
  if (given !== undefined && images.length > 1)
    throw new UsageError('--name names one image: give one, or leave it out')
  const { storeImageName } = await import('@crossdock/store')
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
