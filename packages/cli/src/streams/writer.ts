import { ImageError, quoteForeign } from '@crossdock/core'

/** stdout has no reader any more (`crossdock list-tags … | head -1`): nothing is left to do, and nothing to be said. */
export class ReaderGone extends Error {
  /** 128 + SIGPIPE, with which other programs end then. */
  readonly exitCode = 141
}

export interface Writer {
  /** Resolves when it is written. Rejects with `ReaderGone`, or with `IO` if the file, disk or device behind it fails. */
  print(data: string | Uint8Array): Promise<void>
  /** Text for people; what cannot be written is lost. */
  note(text: string): void
}

export function createWriter(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): Writer {
  for (const stream of [stdout, stderr]) listen(stream)
  return {
    print: (data) =>
      new Promise((resolve, reject) => {
        stdout.write(data, (error) => {
          if (error === undefined || error === null) resolve()
          else reject(writeError(error))
        })
      }),
    note: (text) => void stderr.write(text),
  }
}

const listened = new WeakSet<NodeJS.WritableStream>()

/** A failing stream throws outside of every promise, after the call even, unless somebody listens to it. `print` reports it. */
function listen(stream: NodeJS.WritableStream): void {
  if (listened.has(stream)) return
  listened.add(stream)
  stream.on('error', () => undefined)
}

function writeError(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE') return new ReaderGone('nobody reads what is printed')
  const reason = quoteForeign(error.message)
  return new ImageError('IO', `the output cannot be written: ${reason}; see what stdout is`, { cause: error })
}
