import { type OperationOptions, report } from '@crossdock/core'

/** Tells people how far a download is: one line when it begins, and one now and then. */
export interface DownloadProgress {
  /** Bytes begin to come, behind those that are there. */
  begin(position: number, total: number | undefined): void
  moved(position: number): void
}

const EVERY_MS = 10_000

export function createDownloadProgress(
  { what }: { readonly what: string },
  operation: OperationOptions,
): DownloadProgress {
  let told: number | undefined
  let size = ''
  const tell = (message: string): void => {
    told = performance.now()
    report(operation, { type: 'note', level: 'info', message: `${what}: ${message}` })
  }
  return {
    begin(position, total) {
      const isFirst = told === undefined
      size = total === undefined ? '' : ` of ${inUnits(total)}`
      if (position > 0) tell(`going on at ${inUnits(position)}${size}`)
      else if (isFirst) tell(`downloading${total === undefined ? '' : ` ${inUnits(total)}`}`)
    },
    moved(position) {
      if (performance.now() - (told ?? 0) >= EVERY_MS) tell(`${inUnits(position)}${size}`)
    },
  }
}

function inUnits(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
