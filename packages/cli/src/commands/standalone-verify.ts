import {
  digestAlgorithm,
  formatDockerReference,
  ImageError,
  manifestDigest,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'
import type { SimplePayload } from '@crossdock/signature-policy'
import type { CommandEntry } from '../command-entry.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { textFlag } from '../flags.ts'
import { readInputFile } from '../input-file.ts'

/** Some people keep every key of their distribution in one. */
const MAX_KEY_RING_BYTES = 64 * 1024 * 1024
/** Any key of the file. */
const ANY = 'any'

export const standaloneVerifyCommand: CommandEntry = {
  name: 'standalone-verify',
  summary: 'verify the signature of a manifest, all in files',
  define: (command, invocation) => {
    command
      .description(
        'Verifies that a signature is by one of the keys, and is for this manifest and this name. The public keys are those of a ' +
          'file, or what GnuPG has in GNUPGHOME or ~/.gnupg; GnuPG itself is not needed. What is refused, and why: docs/signing.md.',
      )
      .argument('<manifest>', 'a file, as "crossdock inspect --raw" prints it')
      .argument('<docker-reference>', 'the name that it must be signed as, such as registry.example.com/app:1')
      .argument(
        '<key-fingerprints>',
        'whose signature is accepted: fingerprints with commas, or "any" with --public-key-file',
      )
      .argument('<signature>', 'the file of the signature')
      .option('--public-key-file <file>', 'take public keys from this file')
      .action((...[manifest, reference, fingerprints, signature]: [string, string, string, string]) =>
        invocation.run((operation) =>
          verifyManifest(
            { manifest, reference, fingerprints, signature },
            { flags: command.optsWithGlobals(), invocation, operation },
          ),
        ),
      )
  },
}

interface Arguments {
  readonly manifest: string
  readonly reference: string
  readonly fingerprints: string
  readonly signature: string
}

async function verifyManifest(args: Arguments, call: Call): Promise<void> {
  const { signal } = call.operation
  const { parseSimplePayload, verifySimpleSignature } = await import('@crossdock/signature-policy')
  const expected = await expectedKeys(args.fingerprints, call)
  const manifest = await readInputFile(args.manifest, { signal })
  const signature = await readInputFile(args.signature, { signal })
  const signed = await verifySimpleSignature(signature, { keyRings: await keyRings(call), now: new Date() })
  if (expected !== undefined && !expected.includes(signed.fingerprint) && !expected.includes(signed.signingKey)) {
    throw new ImageError(
      'REJECTED_BY_POLICY',
      `the signature is by ${signed.fingerprint}, which is none of the given keys`,
    )
  }
  const payload = parseSimplePayload(signed.payload)
  checkPayload(payload, { manifest, reference: args.reference })
  await call.invocation.print(`Signature verified using fingerprint ${signed.fingerprint}, digest ${payload.digest}\n`)
}

/** Undefined for any key of the file that a flag names. */
async function expectedKeys(text: string, { flags }: Call): Promise<readonly string[] | undefined> {
  if (text === ANY) {
    if (textFlag(flags, 'publicKeyFile') !== undefined) return undefined
    throw new UsageError('"any" is accepted with --public-key-file alone: who may sign would be unknown')
  }
  const { parseFingerprint } = await import('@crossdock/signature-policy')
  return text.split(',').map((part) => {
    const fingerprint = parseFingerprint(part)
    if (fingerprint !== undefined) return fingerprint
    throw new UsageError(`"${quoteForeign(part, 100)}" is no fingerprint: it has 40 or 64 hexadecimal digits`)
  })
}

async function keyRings({ flags, operation, invocation }: Call): Promise<readonly Uint8Array[]> {
  const { signal } = operation
  const file = textFlag(flags, 'publicKeyFile')
  if (file !== undefined) return [await readInputFile(file, { signal, limitBytes: MAX_KEY_RING_BYTES })]
  const { hostEnvironment } = await import('@crossdock/config')
  const { gnupgHome, readGnupgKeyRings } = await import('@crossdock/signature-policy')
  return readGnupgKeyRings(gnupgHome(hostEnvironment(invocation.terminal.env)), { signal })
}

/** The digest first: a signature of another image is none of this one, whatever its name. */
function checkPayload(
  payload: SimplePayload,
  { manifest, reference }: { readonly manifest: Uint8Array; readonly reference: string },
): void {
  const actual = manifestDigest(manifest, digestAlgorithm(payload.digest))
  if (actual !== payload.digest) {
    throw new ImageError(
      'REJECTED_BY_POLICY',
      `the signature is for the manifest ${payload.digest}, and this is ${actual}`,
    )
  }
  const wanted = formatDockerReference(parseDockerReference(reference))
  if (signedName(payload) !== wanted) {
    const signed = quoteForeign(payload.dockerReference, 300)
    throw new ImageError('REJECTED_BY_POLICY', `the signature is for the name "${signed}", not for ${wanted}`)
  }
}

/** Spelt out; undefined if it is no name at all. */
function signedName({ dockerReference }: SimplePayload): string | undefined {
  try {
    return formatDockerReference(parseDockerReference(dockerReference))
  } catch {
    return undefined
  }
}
