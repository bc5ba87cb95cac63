import { formatDockerReference, ImageError, type ImageReference, imageName, quoteForeign } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { type Flags, gather, isSet, listFlag } from '../flags.ts'
import { readInputFile } from '../input-file.ts'
import { formatJson } from '../output/json.ts'
import { count } from '../output/sizes.ts'
import { checkPlatforms } from '../platform-flags.ts'
import { signingOptions } from '../signers.ts'
import { addSigningFlags } from '../signing-flags.ts'

/** Some people write what a key is for before it. */
const HEAD_BYTES = 64 * 1024

export const signCommand: CommandEntry = {
  name: 'sign',
  summary: 'sign an image where it lies',
  define: (command, invocation) => {
    command
      .description(
        'Adds a signature to an image without copying it: to the document that the name stands for and, if that is an index, to each of ' +
          'its instances. Signatures that are there stay. Where they are kept is said in docs/signing.md.',
      )
      .argument('<image>', 'such as docker://example.com/app:1')
      .addOption(
        new Option(
          '--platform <os/arch[/variant]>',
          'of an index, sign these instances beside the index itself; may hold "*", a comma, or be given again',
        ).argParser(gather),
      )
      .option('--json', 'print what was signed as one JSON object')
      .option('-q, --quiet', 'say nothing but errors')
    command.addOption(
      new Option('--key <file>', 'secret key to sign with: of cosign, or of OpenPGP').conflicts([
        'signKey',
        'signBySigstorePrivateKey',
      ]),
    )
    addSigningFlags(command)
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => signImage(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function signImage(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const signing = await signingOptions({ ...call, flags: await withKey(call) })
  if (signing.signers === undefined) {
    throw new UsageError('there is nothing to sign with: give --key, or --sign-by for a key of GnuPG')
  }
  const platforms = listFlag(flags, 'platform')
  await checkPlatforms(platforms)
  const { copyImage } = await import('@crossdock/copy')
  await withImage(call, name, async (image) => {
    const { digest, signatures } = await copyImage(...(await inPlace(image, call)), {
      ...operation,
      signers: signing.signers,
      signAs: signing.signAs ?? image.dockerReference,
      platforms: platforms.length === 0 ? 'all' : platforms,
      preserveDigests: true,
    })
    if (isSet(flags, 'json')) {
      await invocation.print(`${formatJson({ name: imageName(image), digest, signatures })}\n`)
    } else if (!isSet(flags, 'quiet')) {
      invocation.note(
        `signed ${imageName(image)}: ${count(signatures.made, 'new signature')}, ${signatures.carried} kept\n`,
      )
      await invocation.print(`${digest}\n`)
    }
  })
}

/** `--key` as the flag for its kind of key. */
async function withKey({ flags, operation }: Call): Promise<Flags> {
  const { key, ...others } = flags
  if (typeof key !== 'string') return others
  const head = Buffer.from((await readInputFile(key, operation)).subarray(0, HEAD_BYTES)).toString('latin1')
  if (/^-----BEGIN (?:RSA |EC |PGP )?PUBLIC KEY/m.test(head)) {
    throw new ImageError(
      'INVALID_DATA',
      `${quoteForeign(key)} holds a public key: signatures are made with the secret one`,
    )
  }
  const flag = /-----BEGIN ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY-----/.test(head)
    ? 'signBySigstorePrivateKey'
    : 'signKey'
  return { ...others, [flag]: key }
}

/** The image as source and destination. In a registry by its digest: a tag that somebody moves meanwhile stays where it was moved to. */
async function inPlace(image: ImageReference, { operation }: Call): Promise<readonly [ImageReference, ImageReference]> {
  const { dockerReference, transport } = image
  if (dockerReference === undefined || dockerReference.digest !== undefined) return [image, image]
  const source = await image.openSource?.(operation)
  if (source === undefined) throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}`)
  try {
    const { digest } = await source.getManifest(undefined, operation)
    const { domain, path } = dockerReference
    const pinned = transport.parseReference(`//${formatDockerReference({ domain, path, digest })}`)
    return [pinned, pinned]
  } finally {
    await source[Symbol.asyncDispose]()
  }
}
