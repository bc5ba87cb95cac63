import {
  type ImageDestination,
  ImageError,
  imageName,
  type ImageReference,
  type ImageSource,
  quoteForeign,
} from '@crossdock/core'
import { type Operation, onSide } from './operation.ts'

/** Opens both ends, works with them, and closes them whatever happens. */
export async function openBoth<Value>(
  from: ImageReference,
  to: ImageReference,
  { operation }: { readonly operation: Operation },
  work: (source: ImageSource, destination: ImageDestination) => Promise<Value>,
): Promise<Value> {
  return openSource(from, { operation }, async (source) => {
    const destination = await onSide('destination', to, () => openDestination(to, operation), operation.signal)
    return closing(destination, operation, () => work(source, destination))
  })
}

/** Opens what is read alone. */
export async function openSource<Value>(
  from: ImageReference,
  { operation }: { readonly operation: Operation },
  work: (source: ImageSource) => Promise<Value>,
): Promise<Value> {
  const readable = await followed(from, operation)
  const source = await onSide('source', from, () => sourceOf(readable, operation), operation.signal)
  return closing(source, operation, () => work(source))
}

/**
 * Closes the handle after the work. One that fails to close is told of and no more: it must not hide why the work failed, and
 * work that is done stays done.
 */
async function closing<Value>(
  handle: ImageSource | ImageDestination,
  operation: Operation,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } finally {
    try {
      await handle[Symbol.asyncDispose]()
    } catch (error) {
      const message = `${imageName(handle.reference)} could not be closed: ${quoteForeign(String(error))}`
      operation.onProgress({ type: 'note', level: 'warning', message })
    }
  }
}

/** What an indirect name stands for now. */
async function followed(reference: ImageReference, operation: Operation): Promise<ImageReference> {
  if (reference.openSource !== undefined) return reference
  const resolve = async (): Promise<ImageReference> => (await reference.resolve?.(operation)) ?? reference
  return onSide('source', reference, resolve, operation.signal)
}

async function sourceOf(reference: ImageReference, operation: Operation): Promise<ImageSource> {
  const source = await reference.openSource?.(operation)
  if (source !== undefined) return source
  throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(reference)}: it is only written to`)
}

async function openDestination(reference: ImageReference, operation: Operation): Promise<ImageDestination> {
  const destination = await reference.openDestination?.(operation)
  if (destination !== undefined) return destination
  throw new ImageError('UNSUPPORTED', `images cannot be written to ${imageName(reference)}: it is only read from`)
}
