import type { CopyResult } from '@crossdock/copy'
import { count, formatBytes, formatDuration } from './sizes.ts'

/** What a copy did, for people. */
export function formatCopied(result: CopyResult, elapsedMs: number): string {
  if (result.upToDate) return `up to date: nothing to move\ndigest   ${result.digest}\n`
  const { bytes } = result
  const rate = bytes.moved === 0 ? '' : `, ${formatBytes((bytes.moved * 1000) / elapsedMs)}/s`
  const lines = [
    `moved    ${count(result.moved, 'blob')}, ${formatBytes(bytes.moved)} in ${formatDuration(elapsedMs)}${rate}`,
  ]
  if (bytes.resumed > 0) lines.push(`resumed  ${formatBytes(bytes.resumed)} were there from an interrupted run`)
  if (result.reused > 0)
    lines.push(`reused   ${count(result.reused, 'blob')}, ${formatBytes(bytes.reused)} were there already`)
  if (result.mounted > 0)
    lines.push(`mounted  ${count(result.mounted, 'blob')}, ${formatBytes(bytes.mounted)} within the registry`)
  lines.push(...signatureLines(result))
  if (result.digest !== result.sourceDigest) lines.push(`source   ${result.sourceDigest}`)
  lines.push(`digest   ${result.digest}`)
  return `${lines.join('\n')}\n`
}

function signatureLines({ signatures: { carried, made } }: CopyResult): readonly string[] {
  const parts = [...(carried > 0 ? [`${carried} carried along`] : []), ...(made > 0 ? [`${made} made`] : [])]
  return parts.length === 0 ? [] : [`signed   ${count(carried + made, 'signature')}: ${parts.join(', ')}`]
}
