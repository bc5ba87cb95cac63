import { ImageError } from '@crossdock/core'
import { type PublicKey, readPublicKey } from '../keys/public-key.ts'

/** The keys of Rekor logs; they are ECDSA keys. Throws `INVALID_DATA`, also for an empty list: it would trust no log. */
export function readLogKeys(pems: readonly Uint8Array[]): readonly PublicKey[] {
  if (pems.length === 0) throw new ImageError('INVALID_DATA', 'there is no key of a Rekor log')
  return pems.map((pem, index) => {
    const what = `key ${index + 1} of the Rekor logs`
    const key = readPublicKey(pem, what)
    if (key.problem !== undefined) throw new ImageError('INVALID_DATA', key.problem)
    if (key.key.asymmetricKeyType !== 'ec') throw new ImageError('INVALID_DATA', `${what} is not an ECDSA key`)
    return key
  })
}
