/** What a connection is made to look like. */
export interface Link {
  /** The round trip that is added: half of it each way, and one whole for each new connection. 0: none. */
  readonly rttMs: number
  /** The rate of each connection in each direction. Infinity: unlimited. */
  readonly bytesPerSecond: number
}

/** One direction of one connection. Times are milliseconds of any one clock. */
export interface Lane {
  /** Takes so many bytes now, after all that was taken before, and tells when the last of them arrives. */
  send(bytes: number, now: number): number
  /** Bytes on the way beyond which there is no use in taking more: the lane is never idle for want of bytes below that. */
  readonly windowBytes: number
}

export interface LaneOptions extends Link {
  /** Nothing sets out earlier. Default: at any time. */
  readonly notBefore?: number | undefined
}

const MAX_WINDOW_BYTES = 16 * 1024 * 1024
/** How long whoever feeds a lane may be busy with others. */
const FEEDER_PAUSE_MS = 20

/** Every byte takes its share of the rate, then half a round trip. The rate holds from the first byte on: no slow start. */
export function createLane({ rttMs, bytesPerSecond, notBefore = -Infinity }: LaneOptions): Lane {
  const delayMs = rttMs / 2
  const bytesPerMs = bytesPerSecond / 1000
  let free = notBefore
  return {
    send: (bytes, now) => {
      free = Math.max(free, now) + bytes / bytesPerMs
      return free + delayMs
    },
    windowBytes: Math.min(MAX_WINDOW_BYTES, bytesPerMs * (rttMs + FEEDER_PAUSE_MS)),
  }
}
