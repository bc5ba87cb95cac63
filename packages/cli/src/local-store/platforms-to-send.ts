import type { CopyOptions } from '@crossdock/copy'
import type { Call } from '../endpoints.ts'
import { withStore } from './open-store.ts'

export interface Sending {
  /** A name of the store. */
  readonly image: string
  readonly options: CopyOptions
}

/** The platforms that the flags ask for, else those that the store has. Throws `NOT_FOUND`. */
export async function platformsToSend(
  call: Call,
  { image, options: { platform, platforms } }: Sending,
): Promise<CopyOptions['platforms']> {
  if (platform !== undefined || platforms !== undefined) return platforms
  return await withStore(call, async (store) => {
    const { presentPlatforms } = await import('./present-platforms.ts')
    return await presentPlatforms(store, image, call.operation)
  })
}
