import { ImageError, type OperationOptions } from '@crossdock/core'
import type { ImageNames } from '../image-names.ts'

/** Notes that an image is used now. What can be read is read, whether that can be noted or not: the store may be read-only, or busy. */
export async function noteUse(
  images: Pick<ImageNames, 'markUsed'>,
  name: string,
  operation?: OperationOptions,
): Promise<void> {
  try {
    await images.markUsed(name, operation)
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
  }
}
