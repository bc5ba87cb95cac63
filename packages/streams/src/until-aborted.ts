import { raceSignal } from './delay.ts'

/** The same chunks; an abort ends the wait for the next one at once, whether or not what is behind the body notices it. */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  const iterator = body[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const step = await raceSignal(iterator.next(), signal)
      if (step.done === true) {
        ended = true
        return
      }
      yield step.value
    }
  } finally {
    if (!ended) await close(iterator, signal)
  }
}

async function close(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
  const closing = iterator.return?.()
  if (closing === undefined) return
  // A body that hangs in its read would hang in its end, too.
  if (signal?.aborted === true) closing.catch(() => undefined)
  else await closing
}
