import type { Platform } from '@crossdock/core'
import type * as Crypto from 'node:crypto'
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

/** A signature by a key that is gone, and that key's public half. */
export interface OneSignature {
  readonly key: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string }
  readonly signature: Uint8Array
}

/** Signs with a new key on the curve P-256, as ES256 has it (RFC 7518, section 3.4). */
export function signOnce(bytes: Uint8Array): OneSignature {
  // Loaded when something is signed, which is rare.
  const { generateKeyPairSync, sign }: typeof Crypto = process.getBuiltinModule('node:crypto')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const signature = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { key: { kty: 'EC', crv: 'P-256', x, y }, signature }
}
