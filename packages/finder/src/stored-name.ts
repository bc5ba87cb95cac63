import { isAbsolute } from 'node:path'
import { digestEncoded, digestOf, type ImageReference } from '@crossdock/core'
import { storeImageName } from '@crossdock/store'

/**
 * What an image is called in a store: one of a registry as registries call it, any other with its transport. The query of a URL may hold a secret, and becomes a
 * hash. Throws `INVALID_REFERENCE` for what cannot be a name there.
 */
export function storedName(reference: ImageReference): string {
  const { transport } = reference
  const text = reference.toString()
  if (transport.name === 'docker') return storeImageName(text.replace(/^\/\//, ''))
  if (transport.name === 'store') return storeImageName(text)
  const isUrl = transport.name === 'https' || transport.name === 'http'
  const plain = isUrl
    ? hiddenQuery(text).replace(NO_NAME, encodeURIComponent)
    : text.replace(NO_NAME_NOR_ESCAPE, encodeURIComponent)
  const name = `${transport.name}:${plain}`
  // What a registry could have as `NAME:TAG` has to stay another one.
  return storeImageName(name) === name ? name : `${transport.name}:./${plain}`
}

/** An `@` begins a digest in a name, and blanks have no place there; in a URL they may be written so (RFC 3986, 2.1). */
const NO_NAME = /[@\p{Cf}\p{Z}]/gu
const NO_NAME_NOR_ESCAPE = /[%@\p{Cf}\p{Z}]/gu

/** Transports for files some of whose references no policy can name: standard input, for one. */
const FILES: readonly string[] = ['aci', 'docker-archive', 'oci-archive', 'tarball']

/** Whether it lies in a file or folder of this machine: such are read each time. */
export function isLocal({ policy, transport }: ImageReference): boolean {
  if (FILES.includes(transport.name)) return true
  return policy !== undefined && transport.name !== 'store' && isAbsolute(policy.identity)
}

function hiddenQuery(text: string): string {
  const [, path = '', query, fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text) ?? []
  const hash = query === undefined ? '' : `?${digestEncoded(digestOf(new TextEncoder().encode(query))).slice(0, 16)}`
  return `${path}${hash}${fragment}`
}
