import {
  ImageError,
  imageName,
  type ImageReference,
  type OperationOptions,
  repositoryName,
  unparsedImage,
} from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { platformFlag } from '../platform-flags.ts'

export const digestCommand: CommandEntry = {
  name: 'digest',
  summary: 'print the digest of what a name stands for',
  define: (command, invocation) => {
    command
      .description('Prints the digest of the manifest or index that a name stands for, computed from its bytes.')
      .argument('<image>', 'such as docker://alpine:3.20')
      .option('--full-ref', 'print the repository before the digest')
      .option('--platform <os/arch[/variant]>', 'of an index, the digest of the image for this platform')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => printDigest(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function printDigest(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  await withImage(call, name, async (image) => {
    const platform = await platformFlag(flags)
    const digest = await digestOfImage(image, platform, operation)
    await invocation.print(isSet(flags, 'fullRef') ? `${fullName(image)}@${digest}\n` : `${digest}\n`)
  })
}

async function digestOfImage(
  image: ImageReference,
  platform: string | undefined,
  operation: OperationOptions,
): Promise<string> {
  const source = await image.openSource?.(operation)
  if (source === undefined) throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}`)
  try {
    const manifest = await unparsedImage(source).manifest(operation)
    if (platform === undefined) return manifest.digest
    const { parseAnyManifest, parsePlatform, selectInstance } = await import('@crossdock/formats')
    const parsed = parseAnyManifest(manifest)
    return parsed.kind === 'index' ? selectInstance(parsed, parsePlatform(platform)).digest : manifest.digest
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

function fullName(image: ImageReference): string {
  return image.dockerReference === undefined ? imageName(image) : repositoryName(image.dockerReference)
}
