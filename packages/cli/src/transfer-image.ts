import type { CopyOptions, CopyResult } from '@crossdock/copy'
import { imageName, type ImageReference } from '@crossdock/core'
import { type Call, type EndNames, withEnds } from './endpoints.ts'
import { type Admit, imageJudge } from './image-judge.ts'
import { startProgress } from './progress/start-progress.ts'

export interface Transfer {
  /** By what images are judged; undefined if every image is let through. */
  readonly admit: Admit | undefined
  /** Copies an image: judged, its progress shown, and a summary at the end. */
  copy(source: ImageReference, destination: ImageReference, options: CopyOptions): Promise<CopyResult>
}

/** Lets `work` copy images the way that the flags of a call have it. */
export async function withTransfer<Value>(call: Call, work: (transfer: Transfer) => Promise<Value>): Promise<Value> {
  const { flags, invocation, operation } = call
  const admit = await imageJudge(call)
  const copy: Transfer['copy'] = async (source, destination, options) => {
    const progress = startProgress(flags, invocation)
    const started = performance.now()
    try {
      const { copyImage } = await import('@crossdock/copy')
      const { onProgress } = progress
      progress.named({ from: imageName(source), to: imageName(destination) })
      const result = await copyImage(source, destination, {
        ...options,
        ...operation,
        onProgress,
        admit: options.admit ?? admit,
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
  return await work({ admit, copy })
}

/** Copies one image from a name to another. */
export function transferImage(
  call: Call,
  { names, options }: { readonly names: EndNames; readonly options: CopyOptions },
): Promise<CopyResult> {
  return withTransfer(call, (transfer) =>
    withEnds(call, names, (source, destination) => transfer.copy(source, destination, options)),
  )
}
