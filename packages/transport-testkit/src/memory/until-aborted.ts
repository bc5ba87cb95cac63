/**
 * Passes bytes on until the signal aborts, then throws its reason at once, even while the next bytes are waited for. What
 * is behind the bytes is told to close, but not waited for: it may hang.
 */
export async function* untilAborted(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]()
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const onAbort = (): void => aborted.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  let open = true
  try {
    signal?.throwIfAborted()
    for (;;) {
      const result = await Promise.race([iterator.next(), aborted.promise])
      if (result.done === true) break
      yield result.value
    }
    open = false
  } finally {
    signal?.removeEventListener('abort', onAbort)
    if (open) {
      const closing = Promise.resolve(iterator.return?.()).catch(() => undefined)
      if (signal?.aborted !== true) await closing
    }
  }
}
