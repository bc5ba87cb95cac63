import type { Platform } from '@crossdock/core'

/**
 * The variants of the same architecture that run on `platform`, best first, the empty text standing for an entry without
 * variant. A platform without variant takes an entry without one first; an unknown variant takes itself, then none.
 */
export function runnableVariants({ architecture, variant }: Platform): readonly string[] {
  if (variant === undefined || variant === '') return ['', ...unnamedVariants(architecture)]
  return [...lowerVariants(architecture, variant), '']
}

/** What a machine of this architecture is assumed to run if nothing more is known of it. */
function unnamedVariants(architecture: string): readonly string[] {
  if (architecture === 'arm') return armVariants(8)
  return architecture === 'arm64' ? ['v8'] : []
}

function lowerVariants(architecture: string, variant: string): readonly string[] {
  const numbered = /^v([0-9]{1,2})(?:\.([0-9]{1,2}))?$/.exec(variant)
  if (numbered === null) return [variant]
  const major = Number(numbered[1])
  const minor = Number(numbered[2] ?? 0)
  if (architecture === 'arm' && major >= 5 && major <= 8) return armVariants(major)
  if (architecture === 'amd64') return countDown(major, 2).map((level) => `v${level}`)
  if (architecture === 'arm64' && (major === 8 || major === 9)) return arm64Variants(major, minor)
  return [variant]
}

function armVariants(highest: number): readonly string[] {
  return countDown(highest, 5).map((version) => `v${version}`)
}

/** Armv9.n includes Armv8.(n+5) (Arm Architecture Reference Manual, "The Armv9 extensions"). */
function arm64Variants(major: number, minor: number): readonly string[] {
  if (major === 8) return arm64Revisions(8, minor)
  return [...arm64Revisions(9, minor), ...arm64Revisions(8, Math.min(minor + 5, 9))]
}

function arm64Revisions(version: number, highest: number): readonly string[] {
  return countDown(highest, 0).map((revision) => (revision === 0 ? `v${version}` : `v${version}.${revision}`))
}

function countDown(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index)
}
