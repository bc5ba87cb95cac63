import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Descriptor } from './documents.ts'

const LARGE_BYTES = 4_000_000
const WORTH_BYTES = 24_000_000

/** What the second thread is given. */
export interface Share {
  readonly argv: readonly string[]
  readonly blobs: readonly Descriptor[]
}

/** In the second thread: what it has to do. */
export function ownShare(): Share | undefined {
  return isMainThread ? undefined : (workerData as Share)
}

/**
 * Moves blobs in this thread and in a second one if there is enough to do for two: hashing is the longest part. A thread has
 * whole blobs.
 */
export async function inTwoThreads(
  blobs: readonly Descriptor[],
  work: (blobs: readonly Descriptor[]) => Promise<unknown>,
): Promise<void> {
  const large = blobs.filter(({ size }) => size > LARGE_BYTES)
  const worthIt = large.length > 1 && large.reduce((sum, { size }) => sum + size, 0) > WORTH_BYTES
  if (!worthIt) return void (await work(blobs))
  const { mine, theirs } = divide(large)
  const argv = process.argv.slice(2)
  const worker = new Worker(process.argv[1] ?? '', { workerData: { argv, blobs: theirs } satisfies Share })
  const done = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  await Promise.all([done, work([...mine, ...blobs.filter(({ size }) => size <= LARGE_BYTES)])])
}

export function shareDone(): void {
  parentPort?.postMessage('done', [])
}

/** Largest first to whoever has less; the second thread starts later and gets less. */
function divide(large: readonly Descriptor[]): { readonly mine: Descriptor[]; readonly theirs: Descriptor[] } {
  const [mine, theirs]: [Descriptor[], Descriptor[]] = [[], []]
  let [ours, others] = [0, WORTH_BYTES / 2]
  for (const blob of large) {
    if (ours <= others) {
      mine.push(blob)
      ours += blob.size
    } else {
      theirs.push(blob)
      others += blob.size
    }
  }
  return { mine, theirs }
}
