import type { CopyOptions } from '@crossdock/copy'
import { Option } from 'commander'
import type { CommandEntry } from '../../command-entry.ts'
import { addCopyFlags, copyOptions } from '../../copy-flags.ts'
import { addEndpointFlags } from '../../endpoint-flags.ts'
import { type Call, withImage } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { isSet } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { platformsToSend } from '../../local-store/platforms-to-send.ts'
import { formatJson } from '../../output/json.ts'
import { remoteName } from '../../remote-names.ts'
import { signingOptions } from '../../signers.ts'
import { transferImage, withTransfer } from '../../transfer-image.ts'

const EXISTING = ['override', 'refuse', 'merge'] as const

export const pushCommand: CommandEntry = {
  name: 'push',
  summary: 'send an image of the store to a registry, or to another place',
  define: (command, invocation) => {
    command
      .description(
        'Sends an image of the store to the registry that its name tells, or to the destination. Of an index everything that the store ' +
          'has of it is sent: if that is not every platform, an index of what is there; --subset says otherwise.',
      )
      .argument('<image>', 'a name of the store')
      .argument('[destination]', 'such as docker://localhost:5000/app:1; a name without a transport is of a registry')
      .addOption(
        new Option(
          '--existing <choice>',
          'what becomes of another image that has the name there: it is replaced (override, the default), stays and nothing is sent (refuse), ' +
            'or keeps its images for other platforms in one index with these (merge)',
        ).choices(EXISTING),
      )
      .option('--json', 'print what was done to stdout as one JSON object')
    addCopyFlags(command)
    addEndpointFlags(command, '')
    command
      .addHelpText('after', EXAMPLES)
      .action((image: string, destination: string | undefined) =>
        invocation.run((operation) =>
          push({ image, destination }, { flags: command.optsWithGlobals(), invocation, operation }),
        ),
      )
  },
}

interface Names {
  readonly image: string
  readonly destination: string | undefined
}

async function push(given: Names, call: Call): Promise<void> {
  const { flags, invocation } = call
  const to = remoteName(given.destination ?? given.image)
  const options = { ...(await copyOptions(flags)), ...(await signingOptions(call)) }
  const existing = EXISTING.find((choice) => choice === flags['existing'])
  const sending = { image: given.image, to, options }
  const done =
    existing === undefined || existing === 'override'
      ? await pushOver(sending, call)
      : await pushBeside({ ...sending, existing }, call)
  if (isSet(flags, 'json')) await invocation.print(`${formatJson(done)}\n`)
}

interface Sending {
  readonly image: string
  readonly to: string
  readonly options: CopyOptions
}

/** Whatever has the name there. */
async function pushOver({ image, to, options }: Sending, call: Call): Promise<object> {
  const platforms = await platformsToSend(call, { image, options })
  const names = { from: `store:${image}`, to, prefixes: { from: '', to: '' } } as const
  const { manifest, ...result } = await transferImage(call, { names, options: { ...options, platforms } })
  return { ...result, mediaType: manifest.mediaType }
}

/** With what has the name there, or not at all. */
async function pushBeside(
  { image, to, options, existing }: Sending & { readonly existing: 'refuse' | 'merge' },
  call: Call,
): Promise<object> {
  if (options.platform !== undefined || options.platforms !== undefined)
    throw new UsageError(
      `--existing ${existing} sends what the store has of the image: leave out the flags about platforms`,
    )
  const { createImageCache } = await import('@crossdock/store')
  return await withStore(call, (store) =>
    withTransfer(call, (transfer) =>
      withImage(call, to, async (reference) => {
        const cache = createImageCache({
          store,
          transports: { parse: () => reference },
          copy: (from, destination, chosen) => transfer.copy(from, destination, { ...options, ...chosen }),
        })
        const { referrers, subset } = options
        const sparse = subset === 'refuse' ? 'refuse' : 'rewrite'
        return await cache.push(image, { ...call.operation, to: reference, existing, sparse, referrers })
      }),
    ),
  )
}

const EXAMPLES = `
Examples:
  crossdock store push localhost:5000/app:1
  crossdock store push alpine:3.20 docker://localhost:5000/alpine:3.20
  crossdock store push --existing merge localhost:5000/app:1     one index of what several machines have built
`
