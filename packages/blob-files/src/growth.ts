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
  /** What was decided last. It stands until the next measurement, whoever asks, and however long the parts take to begin. */
  let target = 1
  let settled = false

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

  function decide(measured: Measurement): void {
    const { parts } = measured
    if (isInVain(measured)) {
      inVain += 1
      settled = inVain === MEASURED_IN_VAIN
      target = settled ? (before?.parts ?? 1) : parts
      return
    }
    inVain = 0
    before = measured
    settled = isEnough(measured)
    if (settled) target = parts
    else target = parts < FIRST_STEP ? FIRST_STEP : MOST_PARTS
  }

  return {
    get settled() {
      return settled
    },
    came(count) {
      const time = now()
      since ??= time
      if (time >= since) bytes += count
    },
    wanted(parts) {
      const rate = settled ? undefined : measure()
      if (rate === undefined) return target
      if (busy() > BUSY && parts === 1) target = 1
      else decide({ rate, parts })
      return target
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
