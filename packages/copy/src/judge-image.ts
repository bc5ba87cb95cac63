import type { Digest, ImageReference } from '@crossdock/core'
import { judgeTop } from './judge.ts'
import { openSource } from './open-both.ts'
import { runOperation } from './operation.ts'
import { type CopyOptions, resolveOptions } from './options.ts'
import { chooseRoot } from './root.ts'

export type JudgeImageOptions = Pick<CopyOptions, 'admit' | 'platform' | 'platforms' | 'signal' | 'onProgress'>

/** An image that was accepted. */
export interface JudgedImage {
  /** What the reference names. */
  readonly sourceDigest: Digest
  /** What a copy would be of: the image for one platform, or the document that is named. */
  readonly digest: Digest
}

/** Judges an image as a copy of it would be, and copies nothing. Throws what `admit` throws, and what a copy throws up to there. */
export async function judgeImage(from: ImageReference, options: JudgeImageOptions): Promise<JudgedImage> {
  const resolved = resolveOptions({ ...options, subset: 'sparse' })
  return runOperation(options, (operation) =>
    openSource(from, { operation }, async (source) => {
      const settings = { options: resolved, operation }
      const { sourceDigest, manifest } = await chooseRoot(source, await judgeTop(source, settings), settings)
      return { sourceDigest, digest: manifest.digest }
    }),
  )
}
