/** Finds out whether reading a blob in more parts at once makes it come faster. */
export interface Growth {
  /** To be told of all bytes as they come. */
  came(bytes: number): void
  /** How many parts there should be now. */
  wanted(parts: number): number
  /** Whether that number will not change any more. */
  readonly settled: boolean
}

const MEASURE_MS = 100
/** After parts were added they need a moment to get going. */
const SETTLE_MS = 100
/** A single connection that is as fast as this is not what holds the copy up. */
const FAST_BYTES_PER_MS = 400_000
/** A process that is busy for more than this share of the time is itself what holds the copy up. */
const BUSY = 0.85
/** More parts that bring less than this factor were not worth it, */
const WORTHWHILE = 1.2
/** if that is measured so many times: any one may be an accident. */
const MEASURED_IN_VAIN = 2
const FIRST_STEP = 4
const MOST_PARTS = 8

interface Measurement {
  readonly rate: number
  readonly parts: number
}

export interface GrowthInstruments {
  /** Milliseconds. Default: the monotonic clock. */
  readonly now?: () => number
  /** For what share of the time since it was asked last the process was busy. Default: that of the event loop. */
  readonly busy?: () => number
}

export function createGrowth({
  now = () => performance.now(),
  busy = eventLoopMeter(),
}: GrowthInstruments = {}): Growth {
  let since: number | undefined
  let bytes = 0
  /** The last one that was worth its parts. */
  let before: Measurement | undefined
  let inVain = 0
  let final: number | undefined

  /** Bytes in a millisecond, once measured for long enough. */
  function measure(): number | undefined {
    const time = now()
    since ??= time
    if (time - since < MEASURE_MS) return undefined
    const rate = bytes / (time - since)
    since = time + SETTLE_MS
    bytes = 0
    return rate
  }

  function isInVain({ rate, parts }: Measurement): boolean {
    return before !== undefined && parts > before.parts && rate < before.rate * WORTHWHILE
  }

  function isEnough({ rate, parts }: Measurement): boolean {
    return parts >= MOST_PARTS || (parts === 1 && rate >= FAST_BYTES_PER_MS)
  }

  return {
    get settled() {
      return final !== undefined
    },
    came(count) {
      const time = now()
      since ??= time
      if (time >= since) bytes += count
    },
    wanted(parts) {
      if (final !== undefined) return final
      const rate = measure()
      if (rate === undefined) return parts
      if (busy() > BUSY && parts === 1) return 1
      const measured = { rate, parts }
      if (isInVain(measured)) {
        inVain += 1
        if (inVain === MEASURED_IN_VAIN) final = before?.parts
        return final ?? parts
      }
      inVain = 0
      before = measured
      if (isEnough(measured)) final = parts
      return final ?? (parts < FIRST_STEP ? FIRST_STEP : MOST_PARTS)
    },
  }
}

function eventLoopMeter(): () => number {
  let before = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  }
}
