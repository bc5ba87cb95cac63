import type { HttpResponse } from './http.ts'

/**
 * Reads a document before it is handed over: fails if it breaks off, or hands it over as far as it came if it is larger than
 * `limitBytes`. The body of an answer that does not say success is left unread.
 */
export async function readWhole(response: HttpResponse, limitBytes: number): Promise<HttpResponse> {
  if (response.status < 200 || response.status >= 300) return response
  const chunks: Uint8Array[] = []
  const rest = response.body[Symbol.asyncIterator]()
  for (let size = 0; size <= limitBytes;) {
    const result = await rest.next()
    if (result.done === true) return { ...response, body: inTurn(chunks), discard: () => Promise.resolve() }
    size += result.value.byteLength
    chunks.push(result.value)
  }
  return { ...response, body: inTurn(chunks, rest), discard: async () => void (await rest.return?.()) }
}

async function* inTurn(
  chunks: readonly Uint8Array[],
  rest?: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks
    for (let result = await rest?.next(); result?.done === false; result = await rest?.next()) yield result.value
  } finally {
    await rest?.return?.()
  }
}
