import { type Descriptor, ImageError, type Platform } from '@crossdock/core'
import { isForeignLayer } from '../descriptor.ts'
import { type DocumentReader, isDocument, neededBy } from './documents.ts'
import { onePlatform } from './filter-platforms.ts'
import type { Handler, HandlerOptions } from './handler.ts'
import { walk } from './walk.ts'

export interface CheckImageOptions {
  /** A document that it throws `NOT_FOUND` for, or that it passes over, is missing. */
  readonly read: DocumentReader
  /** Whether content that is no document is there. */
  readonly has: (blob: Descriptor, options: HandlerOptions) => Promise<boolean>
  /** Default: every platform is required. */
  readonly platform?: Platform | undefined
  /** Whether nothing more is looked at once something is missing. Default: false. */
  readonly untilMissing?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What an image needs, each once, documents included. The image is complete if nothing is missing. */
export interface ImageCheck {
  /** As far as it could be found out: what lies below a missing document is not known. */
  readonly required: readonly Descriptor[]
  readonly present: readonly Descriptor[]
  readonly missing: readonly Descriptor[]
}

/**
 * Looks for everything that an image reaches. Foreign layers are not required. Throws what `read` and `has` throw, and what
 * `selectInstance` throws if there is no image for the platform.
 */
export async function checkImage(root: Descriptor, options: CheckImageOptions): Promise<ImageCheck> {
  const { platform, untilMissing = false, signal } = options
  const present: Descriptor[] = []
  const missing: Descriptor[] = []
  const look: Handler = async (descriptor, context) => {
    const below = await lookAt(descriptor, options, context)
    ;(below === undefined ? missing : present).push(descriptor)
    return below ?? []
  }
  const required: Descriptor[] = []
  for await (const descriptor of walk([root], platform === undefined ? look : onePlatform(look, platform), {
    signal,
  })) {
    required.push(descriptor)
    if (untilMissing && missing.length > 0) break
  }
  return { required, present, missing }
}

/** What lies below; undefined if the descriptor's content is missing. */
async function lookAt(
  descriptor: Descriptor,
  { read, has }: CheckImageOptions,
  context: HandlerOptions,
): Promise<readonly Descriptor[] | undefined> {
  if (!isDocument(descriptor)) return (await has(descriptor, context)) ? [] : undefined
  try {
    const document = await read(descriptor, context)
    return document && neededBy(document).filter((child) => !isForeignLayer(child))
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}
