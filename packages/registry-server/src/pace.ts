import { setTimeout as wait } from 'node:timers/promises'

/** Lets bytes pass at a rate, whoever asks. */
export interface Pace {
  readonly bytesPerSecond: number
  pass(bytes: number, signal: AbortSignal): Promise<void>
}

/** Bytes that pass at once: enough for speed, few enough to look steady. */
const MAX_PIECE = 64 * 1024
const PIECES_PER_SECOND = 20

export function createPace(bytesPerSecond: number): Pace {
  let freeAt = 0
  return {
    bytesPerSecond,
    pass: async (bytes, signal) => {
      const now = performance.now()
      freeAt = Math.max(freeAt, now) + (bytes / bytesPerSecond) * 1000
      if (freeAt > now) await wait(freeAt - now, undefined, { signal })
    },
  }
}

export async function* paced(
  bytes: AsyncIterable<Uint8Array>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces(bytes, pace)) {
    await pace.pass(piece.byteLength, signal)
    yield piece
  }
}

/** The same for a request's body: what had come when the client left is handed on all the same, at once. */
export async function* pacedUpload(
  bytes: AsyncIterable<Uint8Array>,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces(bytes, pace)) {
    await pace.pass(piece.byteLength, signal).catch(() => undefined)
    yield piece
  }
}

async function* pieces(bytes: AsyncIterable<Uint8Array>, { bytesPerSecond }: Pace): AsyncGenerator<Uint8Array> {
  const size = Math.min(MAX_PIECE, Math.max(1, Math.floor(bytesPerSecond / PIECES_PER_SECOND)))
  for await (const whole of bytes) {
    for (let start = 0; start < whole.byteLength; start += size) yield whole.subarray(start, start + size)
  }
}
