import { type Digest, type ProgressEvent, quoteForeign, shortDigest } from '@crossdock/core'
import { formatBytes } from '../output/sizes.ts'

export interface ActiveBlob {
  readonly digest: Digest
  readonly size: number
  position: number
}

/** What is known of a copy while it runs, summed up from its events. */
export interface ProgressState {
  readonly active: ReadonlyMap<Digest, ActiveBlob>
  /** Blobs of the image, and how many of them are there. */
  readonly blobs: number
  readonly blobsDone: number
  /** Bytes of the image, how many of them are there, and how many came in this run. */
  readonly bytes: number
  readonly bytesDone: number
  readonly bytesMoved: number
  update(event: ProgressEvent): void
}

export function createProgressState(): ProgressState {
  const active = new Map<Digest, ActiveBlob>()
  const totals = { blobs: 0, bytes: 0, blobsDone: 0, settled: 0, moved: 0 }
  const settle = (digest: Digest, size: number): void => {
    active.delete(digest)
    totals.blobsDone += 1
    totals.settled += size
  }
  const advance = (digest: Digest, position: number): void => {
    const blob = active.get(digest)
    if (blob === undefined) return
    totals.moved += Math.max(0, position - blob.position)
    blob.position = position
  }
  return {
    active,
    get blobs() {
      return totals.blobs
    },
    get blobsDone() {
      return totals.blobsDone
    },
    get bytes() {
      return totals.bytes
    },
    get bytesDone() {
      return [...active.values()].reduce((sum, { position }) => sum + position, totals.settled)
    },
    get bytesMoved() {
      return totals.moved
    },
    update: (event) => {
      if (event.type === 'plan') Object.assign(totals, { blobs: event.blobs, bytes: event.bytes })
      else if (event.type === 'blob:start') {
        active.set(event.blob.digest, { digest: event.blob.digest, size: event.blob.size, position: event.offset })
      } else if (event.type === 'blob:bytes') advance(event.digest, event.position)
      else if (event.type === 'blob:done') {
        advance(event.digest, event.size)
        settle(event.digest, event.size)
      } else if (event.type === 'blob:reused' || event.type === 'blob:mounted') settle(event.digest, event.size)
    },
  }
}

/** The events that deserve a line of their own; undefined for all others. */
export function describeEvent(event: ProgressEvent): string | undefined {
  const text = eventText(event)
  return text === undefined ? undefined : quoteForeign(text, 2000)
}

function eventText(event: ProgressEvent): string | undefined {
  if (event.type === 'note') return event.level === 'warning' ? `warning: ${event.message}` : event.message
  if (event.type === 'retry') {
    const what = event.reason.startsWith(event.what) ? '' : `${event.what}: `
    const when = event.delayMs === 0 ? 'at once' : `in ${(event.delayMs / 1000).toFixed(1)} s`
    return `${what}${event.reason}; trying again ${when} (attempt ${event.attempt + 1} of ${event.attempts})`
  }
  if (event.type === 'blob:start' && event.offset > 0) {
    return `${shortDigest(event.blob.digest)}: going on at ${formatBytes(event.offset)} of ${formatBytes(event.blob.size)}`
  }
  return undefined
}
