import type { Link } from './link/lane.ts'

/** How far away registries are. */
export interface BenchLink extends Link {
  /** For headings; empty if there is nothing to say. */
  readonly title: string
  /** Whether registries speak TLS. */
  readonly tls: boolean
}

export interface LinkOptions {
  readonly tls?: boolean | undefined
  readonly rttMs?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

export function createLink({ tls = false, rttMs = 0, bytesPerSecond = Infinity }: LinkOptions = {}): BenchLink {
  const parts = [
    ...(tls ? ['over TLS'] : []),
    ...(rttMs === 0 ? [] : [`round trip of ${rttMs} ms`]),
    ...(bytesPerSecond === Infinity ? [] : [`${bytesPerSecond / 1e6} MB/s a connection`]),
  ]
  return { title: parts.join(', '), tls, rttMs, bytesPerSecond }
}

/** Whether something has to stand between tools and registries to make it so. */
export function isImitated({ rttMs, bytesPerSecond }: BenchLink): boolean {
  return rttMs > 0 || bytesPerSecond < Infinity
}

export const NEAR: BenchLink = createLink()
export const NEAR_TLS: BenchLink = createLink({ tls: true })
export const FAR: BenchLink = createLink({ rttMs: 30 })
export const LIMITED: BenchLink = createLink({ bytesPerSecond: 100e6 })
export const FAR_LIMITED: BenchLink = createLink({ rttMs: 30, bytesPerSecond: 100e6 })
