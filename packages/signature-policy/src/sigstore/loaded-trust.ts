import { ImageError } from '@crossdock/core'
import { type Certificate, readCertificates } from './certificates/certificate.ts'
import { type PublicKey, readPublicKey } from './keys/public-key.ts'
import { readLogKeys } from './log/log-keys.ts'
import type { FulcioTrust, PkiTrust, SigstoreKeyTrust, SigstoreTrust } from './trust.ts'

/** A `SigstoreTrust` whose files have been read. */
export type LoadedTrust = LoadedKeys | LoadedFulcio | LoadedPki

export interface LoadedKeys {
  readonly kind: 'keys'
  readonly keys: readonly PublicKey[]
  /** Why others of the keys do not count. */
  readonly unusable: readonly string[]
  readonly logKeys: readonly PublicKey[] | undefined
}

export interface LoadedFulcio extends Pick<FulcioTrust, 'kind' | 'oidcIssuer' | 'subjectEmail' | 'subjectURI'> {
  readonly roots: readonly Certificate[]
  readonly logKeys: readonly PublicKey[]
}

export interface LoadedPki extends Pick<PkiTrust, 'kind' | 'subjectEmail' | 'subjectHostname'> {
  readonly roots: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
}

/**
 * Reads keys and certificates. A key that is weak does not count, and does not spoil others beside it. Throws `INVALID_DATA` for what
 * cannot be read, is empty, or would trust everybody.
 */
export async function loadTrust(trust: SigstoreTrust): Promise<LoadedTrust> {
  if (trust.kind === 'keys') return loadKeys(trust)
  return trust.kind === 'fulcio' ? loadFulcio(trust) : loadPki(trust)
}

function loadKeys({ keys, rekorKeys }: SigstoreKeyTrust): LoadedKeys {
  if (keys.length === 0) throw new ImageError('INVALID_DATA', 'there is no public key')
  const read = keys.map((pem, index) => readPublicKey(pem, `public key ${index + 1}`))
  return {
    kind: 'keys',
    keys: read.filter(({ problem }) => problem === undefined),
    unusable: read.flatMap(({ problem }) => problem ?? []),
    logKeys: rekorKeys && readLogKeys(rekorKeys),
  }
}

async function loadFulcio(trust: FulcioTrust): Promise<LoadedFulcio> {
  const { oidcIssuer, subjectEmail, subjectURI } = trust
  if (oidcIssuer === '') throw new ImageError('INVALID_DATA', 'with Fulcio an OIDC issuer is needed')
  requireSubject(subjectEmail, subjectURI, 'an e-mail address or a URI')
  return {
    kind: 'fulcio',
    oidcIssuer,
    subjectEmail,
    subjectURI,
    roots: await readCertificates(trust.ca, 'the CA of Fulcio'),
    logKeys: readLogKeys(trust.rekorKeys),
  }
}

async function loadPki(trust: PkiTrust): Promise<LoadedPki> {
  const { roots, intermediates, subjectEmail, subjectHostname } = trust
  requireSubject(subjectEmail, subjectHostname, 'an e-mail address or a host name')
  return {
    kind: 'pki',
    subjectEmail,
    subjectHostname,
    roots: await readCertificates(roots, 'the root CAs'),
    intermediates: intermediates ? await readCertificates(intermediates, 'the intermediate CAs') : [],
  }
}

function requireSubject(first: string | undefined, second: string | undefined, what: string): void {
  if (first === '' || second === '' || (first ?? second) === undefined) {
    throw new ImageError('INVALID_DATA', `${what} of the signer is needed: a CA alone vouches for anybody`)
  }
}
