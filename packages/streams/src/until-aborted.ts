/** The same chunks; an abort ends the wait for the next one at once, whether or not what is behind the body notices it. */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  const iterator = body[Symbol.asyncIterator]()
  let giveUp: ((reason: unknown) => void) | undefined
  let isAborted = false
  // One listener for all chunks: to add and to remove one costs as much as a chunk does otherwise.
  const stop = (): void => {
    isAborted = true
    giveUp?.(signal?.reason)
  }
  signal?.addEventListener('abort', stop, { once: true })
  let isEnded = false
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject
        if (isAborted) stop()
        else iterator.next().then(resolve, reject)
      })
      if (step.done === true) {
        isEnded = true
        return
      }
      yield step.value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    if (!isEnded) await close(iterator, signal)
  }
}

async function close(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
  const closing = iterator.return?.()
  if (closing === undefined) return
  // A body that hangs in its read would hang in its end, too.
  if (signal?.aborted === true) closing.catch(() => undefined)
  else await closing
}
