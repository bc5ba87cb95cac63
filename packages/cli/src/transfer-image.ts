import type { CopyOptions, CopyResult } from '@crossdock/copy'
import { imageName } from '@crossdock/core'
import { type Call, type EndNames, withEnds } from './endpoints.ts'
import { imageJudge } from './image-judge.ts'
import { startProgress } from './progress/start-progress.ts'

export interface Transfer {
  readonly names: EndNames
  readonly options: CopyOptions
}

/** Copies an image as the flags of a call have it: judged, its progress shown, and a summary at the end. */
export async function transferImage(call: Call, { names, options }: Transfer): Promise<CopyResult> {
  const { flags, invocation, operation } = call
  const admit = await imageJudge(call)
  const progress = startProgress(flags, invocation)
  const started = performance.now()
  try {
    const { copyImage } = await import('@crossdock/copy')
    const { onProgress } = progress
    const result = await withEnds(call, names, (source, destination) => {
      progress.named({ from: imageName(source), to: imageName(destination) })
      return copyImage(source, destination, { ...options, ...operation, onProgress, admit })
    })
    progress.stop()
    if (progress.summary) {
      const { formatCopied } = await import('./output/copied.ts')
      invocation.note(formatCopied(result, performance.now() - started))
    }
    return result
  } finally {
    progress.stop()
  }
}
