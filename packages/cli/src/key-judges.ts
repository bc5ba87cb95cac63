import { ImageError, parseDockerReference, quoteForeign } from '@crossdock/core'
import type { KeySource, PolicyRequirement, SignedIdentity } from '@crossdock/signature-policy'
import type { Judge } from './image-judge.ts'
import { readInputFile } from './input-file.ts'
import type { Operation } from './invocation.ts'

/** Some people keep every key of their distribution in one file. */
const MAX_KEY_BYTES = 64 * 1024 * 1024

/**
 * Judges of which one has to accept: a signature by any of the keys, for a name. OpenPGP keys verify simple signatures, others those of
 * sigstore. Throws `INVALID_DATA` for a file with a secret key, and for one that is neither.
 */
export async function keyJudges(
  files: readonly string[],
  identity: string | undefined,
  operation: Operation,
): Promise<readonly Judge[]> {
  const signedIdentity = identityOf(identity)
  const openPgp: KeySource[] = []
  const sigstore: KeySource[] = []
  const contents = new Map<string, Uint8Array>()
  for (const path of files) {
    const bytes = await readInputFile(path, { ...operation, limitBytes: MAX_KEY_BYTES })
    contents.set(path, bytes)
    ;(isOpenPgp(bytes, path) ? openPgp : sigstore).push({ kind: 'file', path })
  }
  const requirements: PolicyRequirement[] = []
  if (openPgp.length > 0) requirements.push({ type: 'signedBy', keyType: 'GPGKeys', keys: openPgp, signedIdentity })
  if (sigstore.length > 0) {
    const trust = { kind: 'keys', keys: sigstore, rekorKeys: [] } as const
    requirements.push({ type: 'sigstoreSigned', trust, signedIdentity })
  }
  const options = { requireSigned: true, readFile: async (path: string) => contents.get(path) }
  return requirements.map((requirement) => ({
    policy: { file: files.join(', '), default: [requirement], transports: new Map() },
    options,
    by: 'flag',
  }))
}

function identityOf(text: string | undefined): SignedIdentity {
  if (text === undefined) return { type: 'matchRepoDigestOrExact' }
  if (text === 'any') return { type: 'matchDigest' }
  const reference = parseDockerReference(text)
  return reference.tag === undefined && reference.digest === undefined
    ? { type: 'exactRepository', dockerRepository: reference }
    : { type: 'exactReference', dockerReference: reference }
}

/** A packet of OpenPGP begins with its highest bit set (RFC 9580, section 4.2), which no text does. */
function isOpenPgp(bytes: Uint8Array, path: string): boolean {
  const head = Buffer.from(bytes.subarray(0, 64 * 1024)).toString('latin1')
  if (/-----BEGIN (?:ENCRYPTED |PGP |RSA |EC )?(?:[A-Z]+ )?PRIVATE KEY/.test(head)) {
    throw new ImageError(
      'INVALID_DATA',
      `${quoteForeign(path)} holds a private key: signatures are verified with the public one`,
    )
  }
  if (/-----BEGIN PGP PUBLIC KEY BLOCK-----/.test(head) || ((bytes[0] ?? 0) & 0x80) !== 0) return true
  if (/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(head)) return false
  throw new ImageError(
    'INVALID_DATA',
    `${quoteForeign(path)} holds no public key: neither a PEM file nor an OpenPGP key ring`,
  )
}
