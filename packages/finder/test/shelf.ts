import { tmpdir } from 'node:os'
import { isAbsolute } from 'node:path'
import { bytesAccess, createAciSource, openAci } from '@crossdock/archive'
import {
  dockerPolicyIdentity,
  ImageError,
  type ImageErrorCode,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
  parseDockerReference,
  type Signature,
} from '@crossdock/core'
import { memoryTransport, type TestImage } from '@crossdock/transport-testkit'
import { sourceWith } from '../src/source-with.ts'

export interface Archive {
  readonly archive: Uint8Array
  /** The detached one that lies beside it. */
  readonly signature?: Uint8Array | undefined
}

export interface Image {
  readonly image: TestImage
  readonly signatures?: readonly Signature[] | undefined
}

/** What lies under a name: an image, an archive that one is made of, or why there is none. */
export type Lying = Archive | Image | ImageErrorCode

/** Images under the names of several transports. */
export interface Shelf {
  /** What lies there, or what looking for it does. What is no key is `NOT_FOUND`. */
  readonly images: Map<string, Lying | ((operation: OperationOptions) => Promise<Lying>)>
  /** The names of all that was opened, in order. */
  readonly opened: string[]
  /** How many of them are not closed. */
  readonly openNow: number
  transport(name: string): ImageTransport
}

export function createShelf(): Shelf {
  const images: Shelf['images'] = new Map()
  const opened: string[] = []
  let openNow = 0

  async function open(reference: ImageReference, operation: OperationOptions = {}): Promise<ImageSource> {
    const name = `${reference.transport.name}:${reference.toString()}`
    operation.signal?.throwIfAborted()
    opened.push(name)
    const there = images.get(name) ?? 'NOT_FOUND'
    const lying = typeof there === 'function' ? await there(operation) : there
    if (typeof lying === 'string') throw new ImageError(lying, `${name}: ${lying}`)
    openNow += 1
    let isOpen = true
    const close = async (): Promise<void> => {
      if (isOpen) openNow -= 1
      isOpen = false
    }
    return await sourceOf(lying, reference, close)
  }

  return {
    images,
    opened,
    get openNow() {
      return openNow
    },
    transport(name) {
      const transport: ImageTransport = {
        '~transport': { contract: 1, vendor: 'test' },
        name,
        parseReference(text) {
          const reference: ImageReference = {
            transport,
            toString: () => text,
            ...meaningOf(name, text),
            openSource: async (operation) => await open(reference, operation),
          }
          return reference
        },
        validatePolicyScope: () => {},
      }
      return transport
    },
  }
}

function meaningOf(transport: string, text: string): Pick<ImageReference, 'dockerReference' | 'policy'> {
  if (transport === 'docker') {
    const dockerReference = parseDockerReference(text.slice('//'.length))
    return { dockerReference, policy: dockerPolicyIdentity(dockerReference) }
  }
  // As the transport of that name has it.
  if (transport === 'docker-archive') return {}
  if (isAbsolute(text) && !text.startsWith('//')) return { policy: { identity: text, namespaces: [] } }
  return { policy: { identity: text.replace(/^\/\//, '').replace(/[,:?#].*/s, ''), namespaces: [] } }
}

async function sourceOf(
  lying: Archive | Image,
  reference: ImageReference,
  close: () => Promise<void>,
): Promise<ImageSource> {
  if ('archive' in lying) {
    const file = bytesAccess(lying.archive, reference.toString())
    const archive = await openAci(file, { tmpDir: tmpdir(), maxUnpackedBytes: 2 ** 20 })
    const { signature } = lying
    return createAciSource({ ...archive, [Symbol.asyncDispose]: close }, { reference, signature })
  }
  const memory = memoryTransport()
  memory.store.put('it:latest', lying.image, { signatures: lying.signatures })
  const source = await memory.parseReference('it:latest').openSource()
  return sourceWith(source, { reference, [Symbol.asyncDispose]: close })
}
