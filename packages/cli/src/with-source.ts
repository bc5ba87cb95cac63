import { ImageError, imageName, type ImageReference, type ImageSource } from '@crossdock/core'
import { type Call, withImage } from './endpoints.ts'

/** Gives the opened image behind a name to `work`, and closes it whatever happens. */
export function withSource<Value>(
  call: Call,
  name: string,
  work: (source: ImageSource, image: ImageReference) => Promise<Value>,
): Promise<Value> {
  return withImage(call, name, async (image) => {
    const source = await image.openSource?.(call.operation)
    if (source === undefined) throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}`)
    try {
      return await work(source, image)
    } finally {
      await source[Symbol.asyncDispose]()
    }
  })
}
