import { ImageError, quoteForeign } from '@crossdock/core'

/** The files that a sigstore signature is made with. */
export interface SigstoreKeyFiles {
  readonly keyFile: string
  readonly passphraseFile?: string | undefined
}

const KNOWN = ['privateKeyFile', 'privateKeyPassphraseFile', 'fulcio', 'rekorURL']
const NEEDS_NETWORK =
  'it asks for a certificate or a log entry of a sigstore service, which crossdock does not request: sign with a private key, or with cosign'

/**
 * Reads a file of signing parameters (containers-sigstore-signing-params(5)). Throws `INVALID_DATA` for one that is wrong, `UNSUPPORTED` for
 * one that asks for Fulcio or Rekor.
 */
export async function readSigstoreParameters(bytes: Uint8Array, what: string): Promise<SigstoreKeyFiles> {
  const { fieldsOf, readYaml } = await import('@crossdock/config')
  const fields = fieldsOf(await readYaml(bytes, what))
  const unknown = fields.keys.find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) throw fields.error(unknown, `"${quoteForeign(unknown, 100)}" is no parameter of signing`)
  const online = ['fulcio', 'rekorURL'].find((key) => fields.keys.includes(key))
  if (online !== undefined) {
    throw new ImageError('UNSUPPORTED', `${quoteForeign(what)}:${fields.line(online)}: ${NEEDS_NETWORK}`)
  }
  const keyFile = fields.text('privateKeyFile')
  if (keyFile === undefined) throw fields.error(undefined, 'there is no "privateKeyFile" to sign with')
  return { keyFile, passphraseFile: fields.text('privateKeyPassphraseFile') }
}
