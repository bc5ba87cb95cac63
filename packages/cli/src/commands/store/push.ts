import type { CommandEntry } from '../../command-entry.ts'
import { addCopyFlags, copyOptions } from '../../copy-flags.ts'
import { addEndpointFlags } from '../../endpoint-flags.ts'
import type { Call } from '../../endpoints.ts'
import { isSet } from '../../flags.ts'
import { platformsToSend } from '../../local-store/platforms-to-send.ts'
import { formatJson } from '../../output/json.ts'
import { remoteName } from '../../remote-names.ts'
import { signingOptions } from '../../signers.ts'
import { transferImage } from '../../transfer-image.ts'

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

async function push({ image, destination }: Names, call: Call): Promise<void> {
  const { flags, invocation } = call
  const to = remoteName(destination ?? image)
  const options = { ...(await copyOptions(flags)), ...(await signingOptions(call)) }
  const platforms = await platformsToSend(call, { image, options })
  const names = { from: `store:${image}`, to, prefixes: { from: '', to: '' } } as const
  const { manifest, ...result } = await transferImage(call, { names, options: { ...options, platforms } })
  if (isSet(flags, 'json')) await invocation.print(`${formatJson({ ...result, mediaType: manifest.mediaType })}\n`)
}

const EXAMPLES = `
Examples:
  crossdock store push localhost:5000/app:1
  crossdock store push alpine:3.20 docker://localhost:5000/alpine:3.20
`
