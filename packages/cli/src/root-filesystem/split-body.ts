import { shareChunk } from '@crossdock/streams'

/**
 * One body for two readers, who go through it in step: it is opened when both have come, and a chunk is asked for when both want it, so that
 * no more than one is held. A reader that leaves does not keep the other; neither does one that has gone before it came.
 */
export function splitBody(
  open: () => AsyncIterable<Uint8Array>,
): readonly [AsyncIterable<Uint8Array>, AsyncIterable<Uint8Array>] {
  const readers: readonly [Reader, Reader] = [
    { wants: undefined, isGone: false },
    { wants: undefined, isGone: false },
  ]
  let body: AsyncIterator<Uint8Array> | undefined

  function serve(): void {
    const present = readers.filter(({ isGone }) => !isGone)
    const waiting = present.flatMap(({ wants }) => wants ?? [])
    if (waiting.length === 0 || waiting.length < present.length) return
    for (const reader of present) reader.wants = undefined
    body ??= open()[Symbol.asyncIterator]()
    void give(body, waiting)
  }

  function readerOf(reader: Reader): AsyncIterable<Uint8Array> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          reader.wants = Promise.withResolvers()
          const { promise } = reader.wants
          serve()
          return promise
        },
        return: async () => {
          reader.isGone = true
          reader.wants = undefined
          serve()
          if (readers.every(({ isGone }) => isGone)) await body?.return?.()
          return { done: true, value: undefined }
        },
      }),
    }
  }

  return [readerOf(readers[0]), readerOf(readers[1])]
}

async function give(body: AsyncIterator<Uint8Array>, waiting: readonly Wanted[]): Promise<void> {
  try {
    const result = await body.next()
    // Each of them gives it back.
    if (result.done !== true) for (let more = 1; more < waiting.length; more += 1) shareChunk(result.value)
    for (const { resolve } of waiting) resolve(result)
  } catch (reason) {
    for (const { reject } of waiting) reject(reason)
  }
}

type Wanted = PromiseWithResolvers<IteratorResult<Uint8Array>>

interface Reader {
  wants: Wanted | undefined
  isGone: boolean
}
