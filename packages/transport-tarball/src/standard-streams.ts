import type { ByteSink } from '@crossdock/archive'
import { ImageError } from '@crossdock/core'
import { raceSignal, recycle } from '@crossdock/streams'

/** The path that means standard input or output. A file of that name is `./-`. */
export const STANDARD = '-'

/** Where an archive comes from, or goes to, that is no file. */
export interface StandardStreams {
  readonly input: () => AsyncIterable<Uint8Array>
  readonly output: () => ByteSink
}

export const processStreams: StandardStreams = { input: readStdin, output: openStdout }

/** Standard input, which can be read once. Throws `CONFLICT` if it was read before, `INVALID_DATA` if it is a terminal. */
async function* readStdin(): AsyncGenerator<Uint8Array> {
  const { stdin } = process
  if (stdin.isTTY) throw new ImageError('INVALID_DATA', 'standard input is a terminal: pipe a tar archive into it')
  if (stdin.readableEnded || stdin.destroyed) {
    throw new ImageError('CONFLICT', 'standard input was read already: it can be read once')
  }
  const chunks: AsyncIterable<unknown> = stdin
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk
}

/** Standard output. Throws `CONFLICT` if it is a terminal; what is sent fails with `IO` when nobody reads it any more. */
function openStdout(): ByteSink {
  const { stdout } = process
  if (stdout.isTTY) {
    throw new ImageError('CONFLICT', 'standard output is a terminal: send it into a file or a pipe, or name a file')
  }
  let failure: ImageError | undefined
  let writing: Promise<void> = Promise.resolve()
  const fail = (reason: Error): void => {
    failure ??= new ImageError('IO', `standard output cannot be written to: ${reason.message}`, { cause: reason })
  }
  async function written(signal: AbortSignal | undefined): Promise<void> {
    await raceSignal(writing, signal)
    if (failure !== undefined) throw failure
  }
  stdout.on('error', fail)
  return {
    send: (chunk) => {
      writing = new Promise((resolve) => {
        stdout.write(chunk, (reason) => {
          if (reason === undefined || reason === null) recycle(chunk)
          else fail(reason)
          resolve()
        })
      })
    },
    async ready(signal) {
      signal?.throwIfAborted()
      if (failure !== undefined || stdout.writableNeedDrain) await written(signal)
    },
    finish: written,
    async [Symbol.asyncDispose]() {
      stdout.off('error', fail)
      stdout.on('error', ignore) // what the system says after that is nobody's business
    },
  }
}

function ignore(): void {}
