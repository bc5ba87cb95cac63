import { raceSignal } from '@crossdock/streams'

/** The same chunks; an abort ends the wait for the next one at once, whether or not what is behind the body notices it. */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  const iterator = body[Symbol.asyncIterator]()
  let hasEnded = false
  try {
    for (;;) {
      const step = await raceSignal(iterator.next(), signal)
      hasEnded = step.done === true
      if (step.done === true) return
      yield step.value
    }
  } finally {
    const closing = hasEnded ? undefined : iterator.return?.()
    // A body that hangs in its read would hang in its end, too.
    if (signal?.aborted === true) closing?.catch(ignore)
    else await closing
  }
}

function ignore(): void {}
