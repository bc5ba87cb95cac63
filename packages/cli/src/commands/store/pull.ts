import type { CopyOptions, CopyResult } from '@crossdock/copy'
import type { Store } from '@crossdock/store'
import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import { copyOptions } from '../../copy-flags.ts'
import { addEndpointFlags, addRetryFlags } from '../../endpoint-flags.ts'
import { type Call, withImage } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { type Flags, gather, isSet, listFlag, textFlag, wholeNumber } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatJson, printable } from '../../output/json.ts'
import { addProgressFlags } from '../../progress/start-progress.ts'
import { nameFromRemote, remoteName } from '../../remote-names.ts'
import { type Transfer, withTransfer } from '../../transfer-image.ts'

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
  const wanted = namedImages(images, textFlag(flags, 'name'))
  const options = await pullOptions(flags)
  const done = await withStore(
    call,
    (store) => withTransfer(call, (transfer) => pullAll(wanted, { store, transfer, options, call })),
    {
      create: true,
    },
  )
  if (isSet(flags, 'json')) await invocation.print(`${formatJson(done, 2)}\n`)
}

/** An index is kept whole, with the platforms that are wanted; undefined stands for this machine's. */
async function pullOptions(flags: Flags): Promise<CopyOptions> {
  const named = listFlag(flags, 'platform')
  if (isSet(flags, 'all') && named.length > 0)
    throw new UsageError('--all and --platform contradict each other: give one of them')
  const { platform, ...options } = await copyOptions(flags)
  if (named.length > 0) return { ...options, platforms: named }
  return platform === undefined ? options : { ...options, platforms: [platform] }
}

interface Pulling {
  readonly store: Store
  readonly transfer: Transfer
  readonly options: CopyOptions
  readonly call: Call
}

interface PulledImage extends Partial<Omit<CopyResult, 'manifest'>> {
  readonly name: string
  readonly digest: CopyResult['digest']
  /** Whether nothing had to be fetched. */
  readonly upToDate: boolean
}

async function pullAll(wanted: readonly NamedImage[], pulling: Pulling): Promise<readonly PulledImage[]> {
  const done: PulledImage[] = []
  for (const image of wanted) done.push(await pullOne(image, pulling))
  return done
}

async function pullOne({ from, name: typed }: NamedImage, pulling: Pulling): Promise<PulledImage> {
  const { store, transfer, options, call } = pulling
  const { flags, invocation, operation } = call
  const { createImageCache } = await import('@crossdock/store')
  return await withImage(call, from, async (image) => {
    let copied: CopyResult | undefined
    const cache = createImageCache({
      store,
      transports: { parse: () => image },
      copy: async (source, to, chosen) => (copied = await transfer.copy(source, to, { ...options, ...chosen })),
    })
    const { platforms, referrers } = options
    const always = isSet(flags, 'always')
    const { admit } = transfer
    const { name, target } = await cache.pull(typed, { ...operation, from: image, platforms, referrers, always, admit })
    if (copied === undefined && !isSet(flags, 'quiet'))
      invocation.note(printable(`${name} is in the store already (${target.digest})\n`))
    const { manifest: _, ...result } = copied ?? {}
    return { ...result, name, digest: target.digest, upToDate: copied?.upToDate ?? true }
  })
}

interface NamedImage {
  readonly from: string
  /** In the store. */
  readonly name: string
}

function namedImages(images: readonly string[], given: string | undefined): readonly NamedImage[] {
  if (given !== undefined && images.length > 1)
    throw new UsageError('--name names one image: give one, or leave it out')
  return images.map((image) => {
    const from = remoteName(image)
    const name = given ?? nameFromRemote(from)
    if (name !== undefined) return { from, name }
    throw new UsageError(`say with --name what ${printable(image)} is to be called in the store`)
  })
}

const EXAMPLES = `
Examples:
  crossdock store pull docker://alpine:3.20
  crossdock store pull --all alpine:3.20 busybox:1.36
  crossdock store pull --name app:1 oci:./images:app
`
