import type { CopyOptions } from '@crossdock/copy'
import type { Finder, FindOptions, FoundImage } from '@crossdock/finder'
import type { Store } from '@crossdock/store'
import { Option } from 'commander'
import { bareNames } from '../bare-names.ts'
import type { CommandEntry } from '../command-entry.ts'
import { copyOptions } from '../copy-flags.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withTransports } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { gather, isSet, listFlag, textFlag, wholeNumber } from '../flags.ts'
import type { Admit } from '../image-judge.ts'
import { readInputFile } from '../input-file.ts'
import { withStore } from '../local-store/open-store.ts'
import { formatJson, printable } from '../output/json.ts'
import { addProgressFlags, progressApart } from '../progress/start-progress.ts'
import { type Transfer, withTransfer } from '../transfer-image.ts'
import { addKeyStoreFlag, trustingNewKeys } from '../trusted-keys/keys-by-name.ts'

const PULL_POLICIES: readonly NonNullable<FindOptions['pullPolicy']>[] = ['never', 'new', 'update']

export const fetchCommand: CommandEntry = {
  name: 'fetch',
  summary: 'find images by what people call them, and keep them in the store',
  define: (command, invocation) => {
    command
      .description(
        'Finds images in the store or brings them there, and prints what they are called in it. An image is named by a path, a URL, ' +
          'TRANSPORT:REFERENCE, an image ID or the beginning of one (sha512-…), a digest, or a name alone, which is of a registry. ' +
          'What an App Container Image depends on is found as well, and its archive is kept with the image. Every image is judged, also one that is in the store.',
      )
      .argument(
        '<image...>',
        'such as ./app.aci, https://example.com/app.aci, appc:example.com/app:1.2, docker://alpine',
      )
      .addOption(
        new Option(
          '--pull-policy <policy>',
          '"never": only the store; "new": the store, else fetched; "update": fetched, unless it is current. Files are read each time',
        )
          .choices(PULL_POLICIES)
          .default('update'),
      )
      .option('--signature <file>', 'the detached signature of an App Container archive (default: beside it, .asc)')
      .option(
        '--trust-keys-from-https',
        'of appc names for which no key is trusted: trust the keys that their host publishes',
      )
      .option('--no-deps', 'leave out what an App Container Image depends on: it is made of its own files alone')
      .option('--name <name>', 'the name in the store')
      .option('-a, --all', 'of an index every platform')
      .addOption(
        new Option(
          '--platform <os/arch[/variant]>',
          'platform of an index; with "*", a comma, or given again: several',
        ).argParser(gather),
      )
      .option('--namespace <name>', 'names of this namespace of the store', 'default')
      .option('--remove-signatures', 'leave signatures behind')
      .option('--no-resume', 'keep nothing of an interrupted fetch, and go on from nothing')
      .option('--image-parallel-copies <n>', 'most blobs in flight (default 16)', wholeNumber(1))
      .option('--json', 'print what was found to stdout as JSON')
    addProgressFlags(addRetryFlags(addEndpointFlags(addKeyStoreFlag(command), '')))
    command
      .addHelpText('after', EXAMPLES)
      .action((images: readonly string[]) =>
        invocation.run((operation) => fetch(images, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function fetch(images: readonly string[], call: Call): Promise<void> {
  const { flags, invocation } = call
  const options = await findOptions(images, call)
  const copying = await copyOptions({ ...flags, platform: undefined, all: undefined })
  await withStore(
    call,
    (store) =>
      withTransfer(call, (transfer) =>
        withFinder(call, { images, store, transfer, copying }, async (finder) => {
          const admit = await admitting(transfer, call)
          const found: FoundImage[] = []
          try {
            for (const image of images) {
              found.push(await findOne(finder, image, { ...options, admit, call }))
            }
          } finally {
            // Of several images those that came before a failure are in the store.
            if (isSet(flags, 'json')) await invocation.print(`${formatJson(found.map(describe), 2)}\n`)
          }
        }),
      ),
    { create: true },
  )
}

async function findOptions(
  images: readonly string[],
  { flags, operation }: Call,
): Promise<Pick<FindOptions, 'pullPolicy' | 'withDependencies' | 'signature' | 'platforms' | 'name'>> {
  const [name, signature] = [textFlag(flags, 'name'), textFlag(flags, 'signature')]
  if (images.length > 1 && (name !== undefined || signature !== undefined)) {
    throw new UsageError('--name and --signature are about one image: give one, or leave them out')
  }
  const platforms = listFlag(flags, 'platform')
  if (isSet(flags, 'all') && platforms.length > 0)
    throw new UsageError('--all and --platform contradict each other: give one of them')
  return {
    pullPolicy: PULL_POLICIES.find((policy) => policy === flags['pullPolicy']),
    withDependencies: flags['deps'] !== false,
    signature: signature === undefined ? undefined : await readInputFile(signature, operation),
    platforms: isSet(flags, 'all') ? 'all' : platforms.length > 0 ? platforms : undefined,
    name,
  }
}

interface Finding {
  readonly images: readonly string[]
  readonly store: Store
  readonly transfer: Transfer
  readonly copying: CopyOptions
}

async function withFinder<Value>(
  call: Call,
  { images, store, transfer, copying }: Finding,
  work: (finder: Finder) => Promise<Value>,
): Promise<Value> {
  const { createFinder } = await import('@crossdock/finder')
  return await withTransports(call, { names: images, httpRecords: store.httpRecords }, (transports) =>
    work(
      createFinder({
        store,
        transports,
        tmpDir: textFlag(call.flags, 'tmpdir'),
        bareNames: (text) => bareNames(text, call),
        copy: (from, to, { signatures, ...chosen }) =>
          transfer.copy(from, to, { ...copying, ...chosen, ...(signatures !== undefined && { signatures }) }),
      }),
    ),
  )
}

async function admitting({ admit }: Transfer, call: Call): Promise<Admit | undefined> {
  const { flags } = call
  const mayAsk = isSet(flags, 'trustKeysFromHttps') && flags['pullPolicy'] !== 'never'
  return mayAsk ? await trustingNewKeys(admit, call) : admit
}

interface FindOneOptions extends FindOptions {
  readonly call: Call
}

async function findOne(finder: Finder, image: string, { call, ...options }: FindOneOptions): Promise<FoundImage> {
  const { flags, invocation, operation } = call
  const onProgress = progressApart(flags, call)
  const found = await finder.find(image, { ...options, ...operation, onProgress })
  if (!found.isFetched) {
    const message = `${found.name} is in the store already (${found.target.digest})`
    onProgress({ type: 'note', level: 'info', message })
  }
  if (!isSet(flags, 'json')) await invocation.print(printable(`${found.name}\n`))
  return found
}

function describe({ name, target, isFetched, imageId, dependencies }: FoundImage): unknown {
  return { name, digest: target.digest, mediaType: target.mediaType, isFetched, imageId, dependencies }
}

const EXAMPLES = `
Examples:
  crossdock fetch appc:example.com/app:1.2
  crossdock fetch --pull-policy new https://example.com/app.aci docker://alpine:3.20
  crossdock fetch --signature app.aci.asc ./app.aci
  crossdock copy store:appc:example.com/app:1.2 docker://localhost:5000/app:1.2
`
