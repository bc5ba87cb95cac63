import { type ImageDestination, ImageError, imageName, type ImageReference, type ImageSource } from '@crossdock/core'
import { type Operation, onSide } from './operation.ts'

/** Opens both ends, works with them, and closes them whatever happens. */
export async function openBoth<Value>(
  from: ImageReference,
  to: ImageReference,
  { operation }: { readonly operation: Operation },
  work: (source: ImageSource, destination: ImageDestination) => Promise<Value>,
): Promise<Value> {
  const readable = await followed(from, operation)
  const source = await onSide('source', from, () => openSource(readable, operation), operation.signal)
  try {
    const destination = await onSide('destination', to, () => openDestination(to, operation), operation.signal)
    try {
      return await work(source, destination)
    } finally {
      await destination[Symbol.asyncDispose]()
    }
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

/** What an indirect name stands for now. */
async function followed(reference: ImageReference, operation: Operation): Promise<ImageReference> {
  if (reference.openSource !== undefined) return reference
  const resolve = async (): Promise<ImageReference> => (await reference.resolve?.(operation)) ?? reference
  return onSide('source', reference, resolve, operation.signal)
}

async function openSource(reference: ImageReference, operation: Operation): Promise<ImageSource> {
  const source = await reference.openSource?.(operation)
  if (source !== undefined) return source
  throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(reference)}: its transport only writes`)
}

async function openDestination(reference: ImageReference, operation: Operation): Promise<ImageDestination> {
  const destination = await reference.openDestination?.(operation)
  if (destination !== undefined) return destination
  throw new ImageError('UNSUPPORTED', `images cannot be written to ${imageName(reference)}: its transport only reads`)
}
