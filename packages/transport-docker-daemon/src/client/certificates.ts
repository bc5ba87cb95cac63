import { join } from 'node:path'
import { openFile } from '@crossdock/archive'
import { ImageError, quoteForeign } from '@crossdock/core'

/** PEM texts, under the names that Node's TLS has for them. */
export interface EngineCertificates {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** No certificate file is larger. */
const MAX_FILE_BYTES = 1024 * 1024

/**
 * Reads `ca.pem`, `cert.pem` and `key.pem` from a folder, as the `docker` command has them. Throws `INVALID_DATA` for a folder with none of
 * them, and for one of `cert.pem` and `key.pem` without the other: certificates that were asked for are never left out; `IO`.
 */
export async function readCertificates(folder: string): Promise<EngineCertificates> {
  const ca = await readPem(folder, 'ca.pem')
  const cert = await readPem(folder, 'cert.pem')
  const key = await readPem(folder, 'key.pem')
  const shown = `"${quoteForeign(folder, 300)}"`
  if (ca === undefined && cert === undefined && key === undefined) {
    throw new ImageError(
      'INVALID_DATA',
      `${shown} has no certificates for a Docker Engine: they are ca.pem, cert.pem and key.pem`,
    )
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new ImageError('INVALID_DATA', `${shown} has only one of cert.pem and key.pem: both are needed, or neither`)
  }
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && key !== undefined && { cert, key }) }
}

/** Undefined if there is no such file. */
async function readPem(folder: string, name: string): Promise<string | undefined> {
  try {
    await using file = await openFile(join(folder, name))
    const room = new Uint8Array(Math.min(file.size, MAX_FILE_BYTES))
    const text = Buffer.from(room.subarray(0, await file.read(room, 0))).toString('latin1')
    if (file.size <= MAX_FILE_BYTES && text.includes('-----BEGIN ')) return text
    throw new ImageError('INVALID_DATA', `${file.name} is not in PEM form, or larger than ${MAX_FILE_BYTES} bytes`)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}
