import { type ImageSigner, manifestDigest, parseDockerReference } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import type { Call } from '../endpoints.ts'
import { textFlag } from '../flags.ts'
import { readInputFile, readPassphraseFile } from '../input-file.ts'
import { VERSION } from '../version.ts'

export const standaloneSignCommand: CommandEntry = {
  name: 'standalone-sign',
  summary: 'sign a manifest in a file',
  define: (command, invocation) => {
    command
      .description(
        'Signs the manifest in a file as the image of a name, with OpenPGP ("simple signing"). The key is one that GnuPG keeps, in ' +
          'GNUPGHOME or ~/.gnupg; with --sign-key it is in a file, and GnuPG is not needed.',
      )
      .argument('<manifest>', 'a file, as "crossdock inspect --raw" prints it')
      .argument('<docker-reference>', 'the name that the signature vouches for, such as registry.example.com/app:1')
      .argument('<key-fingerprint>', 'the key to sign with')
      .requiredOption('-o, --output <signature>', 'write the signature to this file')
      .option('--passphrase-file <file>', "take the key's passphrase from the first line of this file")
      .option('--sign-key <file>', 'sign with a key of this file, as "gpg --export-secret-keys" writes it')
      .action((...[manifest, reference, fingerprint]: [string, string, string]) =>
        invocation.run((operation) =>
          signManifest(
            { manifest, reference, fingerprint },
            { flags: command.optsWithGlobals(), invocation, operation },
          ),
        ),
      )
  },
}

interface Arguments {
  readonly manifest: string
  readonly reference: string
  readonly fingerprint: string
}

async function signManifest({ manifest, reference, fingerprint }: Arguments, call: Call): Promise<void> {
  const { signal } = call.operation
  const identity = parseDockerReference(reference)
  const bytes = await readInputFile(manifest, { signal })
  const signer = await signerFor(fingerprint, call)
  const signature = await signer.sign({ bytes, digest: manifestDigest(bytes), mediaType: '' }, identity, { signal })
  const { writeWhole } = await import('../root-filesystem/write-whole.ts')
  await writeWhole(textFlag(call.flags, 'output') ?? '', once(signature.bytes))
}

async function signerFor(fingerprint: string, { flags, operation, invocation }: Call): Promise<ImageSigner> {
  const { gnupgSigner, openPgpSigner, parseFingerprint } = await import('@crossdock/signature-policy')
  const { signal } = operation
  const passphrase = await readPassphraseFile(textFlag(flags, 'passphraseFile'), { signal })
  const creator = `crossdock ${VERSION}`
  const keyFile = textFlag(flags, 'signKey')
  if (keyFile === undefined) return gnupgSigner({ fingerprint, passphrase, creator, env: invocation.terminal.env })
  const secretKey = await readInputFile(keyFile, { signal })
  return openPgpSigner({ secretKey, passphrase, fingerprint: parseFingerprint(fingerprint) ?? fingerprint, creator })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
