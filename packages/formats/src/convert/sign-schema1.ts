import { ImageError, MAX_MANIFEST_BYTES, type ManifestBytes } from '@crossdock/core'
import { encodeBase64 } from '../base64.ts'
import { DOCKER_SCHEMA1_SIGNED } from '../media-types.ts'
import { signOnce } from '../node-runtime.ts'

/**
 * Puts a signature by a key that nobody keeps into a schema 1 manifest, as others do: registries take none without, and nothing
 * follows from it. The manifest's digest stays, since it is that of what is signed; its bytes are others each time.
 *
 * Throws `LIMIT_EXCEEDED` if it has more than `MAX_MANIFEST_BYTES` then.
 */
export function signSchema1({ bytes, digest }: ManifestBytes): ManifestBytes {
  const text = new TextDecoder().decode(bytes)
  const [tail = ''] = /\s*\}\s*$/.exec(text) ?? []
  const head = text.slice(0, text.length - tail.length)
  const time = `${new Date().toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
  const format = { formatLength: bytes.byteLength - tail.length, formatTail: base64Url(encode(tail)), time }
  const header = base64Url(encode(JSON.stringify(format)))
  const { key, signature } = signOnce(encode(`${header}.${base64Url(bytes)}`))
  const signed = { header: { jwk: key, alg: 'ES256' }, signature: base64Url(signature), protected: header }
  const written = encode(`${head},"signatures":${JSON.stringify([signed])}${tail}`)
  if (written.byteLength > MAX_MANIFEST_BYTES) {
    const message = `the signed manifest would have ${written.byteLength} bytes; ${MAX_MANIFEST_BYTES} are allowed`
    throw new ImageError('LIMIT_EXCEEDED', message)
  }
  return { bytes: written, mediaType: DOCKER_SCHEMA1_SIGNED, digest }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function base64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
