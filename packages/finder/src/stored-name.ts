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
  return storeImageName(`${transport.name}:${isUrl(transport.name) ? hiddenQuery(text) : text}`)
}

/** Whether it lies in a file or folder of this machine: such are read each time. */
export function isLocal({ policy, transport }: ImageReference): boolean {
  return policy !== undefined && transport.name !== 'store' && isAbsolute(policy.identity)
}

function isUrl(transport: string): boolean {
  return transport === 'https' || transport === 'http'
}

/** An `@` begins a digest in a name, and may be written in another way in a URL (RFC 3986, 2.1). */
function hiddenQuery(text: string): string {
  const [, path = '', query, fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text) ?? []
  const hash = query === undefined ? '' : `?${digestEncoded(digestOf(new TextEncoder().encode(query))).slice(0, 16)}`
  return `${path.replaceAll('@', '%40')}${hash}${fragment}`
}
