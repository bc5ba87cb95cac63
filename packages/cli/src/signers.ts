import type { CopyOptions } from '@crossdock/copy'
import { type ImageSigner, parseDockerReference } from '@crossdock/core'
import type { Call } from './endpoints.ts'
import { UsageError } from './failure.ts'
import { textFlag } from './flags.ts'
import { readInputFile, readPassphraseFile } from './input-file.ts'
import type { SigstoreKeyFiles } from './sigstore-parameters.ts'
import { VERSION } from './version.ts'

/** What made a signature, as the signature says it. */
const CREATOR = `crossdock ${VERSION}`

/** Keys that the flags of a call name. Undefined is what is not named. */
interface Keys {
  readonly gnupg: string | undefined
  readonly openPgpFile: string | undefined
  readonly sigstoreFile: string | undefined
  readonly sigstoreParameters: string | undefined
}

/**
 * Who signs, and what for, as the flags of a call say. Throws a `UsageError` for flags that are of no use without others, and
 * `INVALID_DATA` and `IO` for keys that cannot be used.
 */
export async function signingOptions(call: Call): Promise<Pick<CopyOptions, 'signers' | 'signAs'>> {
  const { flags } = call
  const keys = {
    gnupg: textFlag(flags, 'signBy'),
    openPgpFile: textFlag(flags, 'signKey'),
    sigstoreFile: textFlag(flags, 'signBySigstorePrivateKey'),
    sigstoreParameters: textFlag(flags, 'signBySigstore'),
  }
  const identity = textFlag(flags, 'signIdentity')
  const passphraseFile = textFlag(flags, 'signPassphraseFile')
  if (Object.values(keys).every((key) => key === undefined)) {
    const given = identity === undefined ? passphraseFile : identity
    if (given === undefined) return {}
    throw new UsageError('there is nothing to sign with: give --sign-by, --sign-key or --sign-by-sigstore-private-key')
  }
  return {
    signers: await createSigners(keys, passphraseFile, call),
    signAs: identity === undefined ? undefined : parseDockerReference(identity),
  }
}

async function createSigners(
  keys: Keys,
  passphraseFile: string | undefined,
  call: Call,
): Promise<readonly ImageSigner[]> {
  const isSimple = keys.gnupg !== undefined || keys.openPgpFile !== undefined
  const isSigstore = keys.sigstoreFile !== undefined || keys.sigstoreParameters !== undefined
  if (isSimple && isSigstore && passphraseFile !== undefined) {
    throw new UsageError('--sign-passphrase-file is for one key: sign with the other in a call of its own')
  }
  if (keys.sigstoreFile !== undefined && keys.sigstoreParameters !== undefined) {
    throw new UsageError(
      '--sign-by-sigstore and --sign-by-sigstore-private-key say the same in two ways: give one of them',
    )
  }
  const passphrase = await readPassphraseFile(passphraseFile, call.operation)
  const simple = isSimple ? [await simpleSigner(keys, passphrase, call)] : []
  return isSigstore ? [...simple, await sigstoreSigner(keys, passphrase, call)] : simple
}

async function simpleSigner(
  { gnupg, openPgpFile }: Keys,
  passphrase: string | undefined,
  { operation, invocation }: Call,
): Promise<ImageSigner> {
  const { gnupgSigner, openPgpSigner, parseFingerprint } = await import('@crossdock/signature-policy')
  if (openPgpFile !== undefined) {
    const secretKey = await readInputFile(openPgpFile, operation)
    const fingerprint = gnupg === undefined ? undefined : (parseFingerprint(gnupg) ?? gnupg)
    return openPgpSigner({ secretKey, passphrase, fingerprint, creator: CREATOR })
  }
  return gnupgSigner({ fingerprint: gnupg ?? '', passphrase, creator: CREATOR, env: invocation.terminal.env })
}

async function sigstoreSigner(
  { sigstoreFile, sigstoreParameters = '' }: Keys,
  passphrase: string | undefined,
  { operation }: Call,
): Promise<ImageSigner> {
  const key =
    sigstoreFile === undefined ? await keyOfParameters(sigstoreParameters, operation) : { keyFile: sigstoreFile }
  const { sigstoreSigner: signerOf } = await import('@crossdock/signature-policy')
  return signerOf({
    privateKey: await readInputFile(key.keyFile, operation),
    passphrase: passphrase ?? (await readPassphraseFile(key.passphraseFile, operation)),
    creator: CREATOR,
  })
}

async function keyOfParameters(path: string, operation: Call['operation']): Promise<SigstoreKeyFiles> {
  const { readSigstoreParameters } = await import('./sigstore-parameters.ts')
  return readSigstoreParameters(await readInputFile(path, operation), path)
}
