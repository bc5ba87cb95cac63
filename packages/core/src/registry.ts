import { hideUserInfo, ImageError, quoteForeign } from './errors.ts'
import { MAX_NAME_CHARACTERS } from './limits.ts'
import type { ImageReference } from './reference.ts'
import { assertTransport, type ImageTransport } from './transport.ts'

/** Maps names to transports and turns text into references. Immutable. */
export interface TransportRegistry {
  readonly transports: readonly ImageTransport[]
  get(name: string): ImageTransport | undefined
  /** Reads `TRANSPORT:REFERENCE`. Throws `INVALID_REFERENCE` or `UNKNOWN_TRANSPORT`, which lists the known ones. */
  parse(imageName: string): ImageReference
  /** A registry with this transport besides. Throws `DUPLICATE_TRANSPORT`. */
  with(transport: ImageTransport): TransportRegistry
  /** Closes every transport that can be closed, whatever happens to the others; rejects with the first failure. */
  close(): Promise<void>
}

/** Throws `DUPLICATE_TRANSPORT` for two of one name and `CONTRACT_MISMATCH` for a value of another contract. */
export function createTransportRegistry(transports: readonly ImageTransport[]): TransportRegistry {
  const list = Object.freeze([...transports])
  const byName = new Map<string, ImageTransport>()
  for (const transport of list) {
    assertTransport(transport)
    if (byName.has(transport.name)) {
      throw new ImageError('DUPLICATE_TRANSPORT', `there are two transports named "${transport.name}"`)
    }
    byName.set(transport.name, transport)
  }
  const registry: TransportRegistry = {
    transports: list,
    get: (name) => byName.get(name),
    parse: (text) => parseImageName(text, byName),
    with: (transport) => createTransportRegistry([...list, transport]),
    close: () => closeAll(list),
  }
  return Object.freeze(registry)
}

/** One that fails to close does not keep the others open; the first failure is thrown when all are done. */
async function closeAll(transports: readonly ImageTransport[]): Promise<void> {
  const results = await Promise.allSettled(transports.map(async (transport) => await transport.close?.()))
  const failure = results.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

function parseImageName(text: string, byName: ReadonlyMap<string, ImageTransport>): ImageReference {
  const shown = hideUserInfo(text)
  const quoted = `"${quoteForeign(shown, 200)}"`
  if (text.length > MAX_NAME_CHARACTERS) {
    throw new ImageError(
      'INVALID_REFERENCE',
      `the image name ${quoted} is longer than ${MAX_NAME_CHARACTERS} characters`,
    )
  }
  const known = [...byName.keys()].toSorted().join(', ')
  const colon = text.indexOf(':')
  if (colon < 0) {
    throw new ImageError(
      'INVALID_REFERENCE',
      `the image name ${quoted} has no transport: write TRANSPORT:REFERENCE, for example docker://${shown === text ? quoteForeign(text, 100) || 'alpine' : 'alpine'} (known: ${known})`,
    )
  }
  const transport = byName.get(text.slice(0, colon))
  if (transport === undefined) {
    throw new ImageError(
      'UNKNOWN_TRANSPORT',
      `unknown transport "${quoteForeign(hideUserInfo(text.slice(0, colon)), 60)}" in ${quoted} (known: ${known})`,
    )
  }
  return transport.parseReference(text.slice(colon + 1))
}
