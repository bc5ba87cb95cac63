import type { ImageDestination, ImageReference, ImageSource, ImageTransport, OperationOptions } from '@crossdock/core'
import { wrapTransport, type MemoryRepository, type MemoryTransport } from '../../src/index.ts'

/** A memory transport with one thing wrong in it. */
export interface Saboteur {
  readonly wrong: string
  /** The cases that find it out, at the least. */
  readonly breaks: readonly string[]
  apply(memory: MemoryTransport): ImageTransport
}

export const inTransport =
  (change: (memory: MemoryTransport) => Partial<ImageTransport>) =>
  (memory: MemoryTransport): ImageTransport => ({ ...memory, ...change(memory) })

export const inReferences =
  (change: (reference: ImageReference, memory: MemoryTransport) => Partial<ImageReference>) =>
  (memory: MemoryTransport): ImageTransport =>
    wrapTransport(memory, { reference: (reference) => ({ ...reference, ...change(reference, memory) }) })

export const inSources =
  (change: (source: ImageSource, memory: MemoryTransport) => Partial<ImageSource>) =>
  (memory: MemoryTransport): ImageTransport =>
    wrapTransport(memory, { source: (source) => ({ ...source, ...change(source, memory) }) })

export const inDestinations =
  (change: (destination: ImageDestination, memory: MemoryTransport) => Partial<ImageDestination>) =>
  (memory: MemoryTransport): ImageTransport =>
    wrapTransport(memory, { destination: (destination) => ({ ...destination, ...change(destination, memory) }) })

/** A call of any asynchronous method, to be made as it is or otherwise. */
export type AnyCall = (
  operation: OperationOptions | undefined,
  proceed: (operation: object) => Promise<unknown>,
) => unknown

/** Every method of sources and destinations that takes operation options and answers with a promise. */
export const inEveryCall =
  (change: AnyCall) =>
  (memory: MemoryTransport): ImageTransport =>
    wrapTransport(memory, {
      reference: (reference) => ({
        ...reference,
        ...changed(reference, ['openSource', 'openDestination', 'delete'], change),
      }),
      source: (source) => ({ ...source, ...changed(source, ['getManifest', 'getBlob', 'getSignatures'], change) }),
      destination: (destination) => ({
        ...destination,
        ...changed(destination, ['putBlob', 'reuseBlob', 'putManifest', 'putSignatures', 'commit'], change),
      }),
    })

const OPTIONS_AT: Readonly<Record<string, number>> = {
  getManifest: 1,
  getBlob: 1,
  getSignatures: 1,
  putBlob: 2,
  reuseBlob: 1,
  putManifest: 1,
  putSignatures: 2,
}

function changed<Target extends object>(
  target: Target,
  names: readonly (keyof Target & string)[],
  change: AnyCall,
): Partial<Target> {
  const entries = names.map((name) => {
    const method = target[name]
    if (typeof method !== 'function') return [name, method]
    const at = OPTIONS_AT[name] ?? 0
    const replacement = async (...values: readonly unknown[]): Promise<unknown> => {
      // The options of these methods are operation options or extend them.
      const given = values[at] as OperationOptions | undefined
      return await change(given, async (operation) => method.call(target, ...values.toSpliced(at, 1, operation)))
    }
    return [name, replacement]
  })
  // The entries are the target's own names with functions of the same parameters.
  return Object.fromEntries(entries) as Partial<Target>
}

export function repositoryOf(reference: ImageReference, { store }: MemoryTransport): MemoryRepository {
  return store.repository(/^[^:@]*/.exec(reference.toString())?.[0] ?? '')
}

export async function joined(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
