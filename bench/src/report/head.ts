import { arch, cpus, platform, totalmem } from 'node:os'
import type { Tool } from '../tools.ts'

export interface Conditions {
  readonly tools: readonly Pick<Tool, 'name' | 'version'>[]
  /** The registry on the other side, in words. */
  readonly registry: string
  readonly runs: number
  readonly scale: number
  readonly date: Date
}

/** What was measured, where and with what. */
export function formatHead({ tools, registry, runs, scale, date }: Conditions): string {
  const versions = tools.map(({ name, version }) => `${name} ${version}`).join(', ')
  return [
    formatMachine(date),
    `${versions}; registry: ${registry}, on the same machine`,
    `median (least..most) of ${runs} interleaved rounds; ratios are of one round each; peak memory is the largest of the rounds`,
    ...(scale === 1 ? [] : [`images scaled by ${scale}`]),
  ]
    .map((line) => `- ${line}\n`)
    .join('')
}

/** When it was measured, and on what. */
export function formatMachine(date: Date): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}, Node.js ${process.versions.node}`
  return `${date.toISOString().slice(0, 10)}: ${machine}`
}
