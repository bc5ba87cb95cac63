import type { Platform } from '@crossdock/core'
import { endianness } from 'node:os'
import { arch, config } from 'node:process'

/** Names that differ between the runtime and images. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
  ['mipsel', 'mipsle'],
  ['mips64el', 'mips64le'],
])

/**
 * What images for this machine are made for: its CPU, and linux whatever its own system is, since containers run linux there.
 * The variant is known for 32-bit arm only, and is the one that the runtime was built for.
 */
export function hostPlatform(): Platform {
  const architecture = arch === 'ppc64' && endianness() === 'LE' ? 'ppc64le' : (ARCHITECTURES.get(arch) ?? arch)
  const variables: Readonly<Record<string, unknown>> = { ...config.variables }
  const armVersion = variables['arm_version']
  const variant = arch === 'arm' && /^[5-8]$/.test(String(armVersion)) ? `v${String(armVersion)}` : undefined
  return { os: 'linux', architecture, ...(variant !== undefined && { variant }) }
}
