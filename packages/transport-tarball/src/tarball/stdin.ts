import { ImageError } from '@crossdock/core'

/** Standard input, which can be read once. Throws `CONFLICT` if it was read before, `INVALID_DATA` if it is a terminal. */
export async function* readStdin(): AsyncGenerator<Uint8Array> {
  const { stdin } = process
  if (stdin.isTTY) throw new ImageError('INVALID_DATA', 'standard input is a terminal: pipe a tar archive into it')
  if (stdin.readableEnded || stdin.destroyed) {
    throw new ImageError('CONFLICT', 'standard input was read already: it can be read once')
  }
  const chunks: AsyncIterable<unknown> = stdin
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk
}
