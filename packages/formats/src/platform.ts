import { ImageError, type Platform, quoteForeign } from '@crossdock/core'

const COMPONENT = /^[A-Za-z0-9_.-]+$/
const OS = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/

const OS_ALIASES: ReadonlyMap<string, string> = new Map([['macos', 'darwin']])

const ARCHITECTURE_ALIASES: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> = new Map(
  [
    ['x86_64', { architecture: 'amd64' }],
    ['x86-64', { architecture: 'amd64' }],
    ['i386', { architecture: '386' }],
    ['aarch64', { architecture: 'arm64' }],
    ['armhf', { architecture: 'arm' }],
    ['armel', { architecture: 'arm', variant: 'v6' }],
  ],
)

/**
 * Reads `os/architecture[/variant]`; the OS may carry a version and features, `windows(10.0.17763+win32k)/amd64`, the version
 * percent-encoded. Case does not matter; common other names are understood (`x86_64`, `aarch64`, `armhf`, `macos`), and
 * `amd64/v1` is `amd64`.
 *
 * Throws `INVALID_DATA`.
 */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant] = splitPlatform(text)
  checkComponents(text, [architecture, variant])
  return { ...parseOs(os, text), ...canonicalArchitecture(architecture, variant) }
}

/** `linux/arm/v7`, `windows(10.0.17763)/amd64`: `parsePlatform` reads it back. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform
  const version = encodeVersion(platform['os.version'] ?? '')
  const features = (platform['os.features'] ?? []).map(encodeVersion).toSorted()
  const details = [version, ...features].join('+')
  return `${os}${details === '' ? '' : `(${details})`}/${architecture}${variant === undefined || variant === '' ? '' : `/${variant}`}`
}

/** The same platform in one spelling: as `parsePlatform` writes it, with each architecture's default variant settled. */
export function normalizePlatform(platform: Platform): Platform {
  const canonical = canonicalPlatform(platform)
  const { variant, ...rest } = canonical
  if (canonical.architecture === 'arm64' && variant === 'v8') return rest
  return canonical.architecture === 'arm' && variant === undefined ? { ...rest, variant: 'v7' } : canonical
}

/** The common other names replaced, features sorted; the variant stays as far as it says something. */
export function canonicalPlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase()
  const version = platform['os.version']
  const features = platform['os.features']
  return {
    os: OS_ALIASES.get(os) ?? os,
    ...(version !== undefined && version !== '' && { 'os.version': version }),
    ...(features !== undefined && features.length > 0 && { 'os.features': features.toSorted() }),
    ...canonicalArchitecture(platform.architecture, platform.variant),
  }
}

/** Cuts at slashes. Throws `INVALID_DATA` unless there are two or three parts. */
export function splitPlatform(text: string): readonly [os: string, architecture: string, variant: string | undefined] {
  const parts = text.length > 255 ? [] : text.split('/')
  const [os, architecture, variant] = parts
  if (os === undefined || architecture === undefined || parts.length > 3) {
    throw platformError(text, 'write os/architecture or os/architecture/variant, for example linux/arm64')
  }
  return [os, architecture, variant]
}

export function checkComponents(text: string, components: readonly (string | undefined)[]): void {
  for (const component of components) {
    if (component !== undefined && !COMPONENT.test(component)) {
      throw platformError(
        text,
        `"${quoteForeign(component, 60)}" must be one or more letters, digits, "_", "." and "-"`,
      )
    }
  }
}

export function platformError(text: string, reason: string): ImageError {
  return new ImageError('INVALID_DATA', `invalid platform "${quoteForeign(text, 100)}": ${reason}`)
}

/** The part before the first slash. */
export function parseOs(part: string, text: string): Omit<Platform, 'architecture' | 'variant'> {
  const matched = OS.exec(part)
  const name = matched?.[1]?.toLowerCase()
  if (matched === null || name === undefined) {
    throw platformError(
      text,
      `"${quoteForeign(part, 60)}" is not an operating system, as in linux or windows(10.0.17763)`,
    )
  }
  const version = decodeVersion(matched[2] ?? '', text)
  const features = (matched[3] ?? '').split('+').filter((feature) => feature !== '')
  return {
    os: OS_ALIASES.get(name) ?? name,
    ...(version !== '' && { 'os.version': version }),
    ...(features.length > 0 && { 'os.features': features.map((feature) => decodeVersion(feature, text)) }),
  }
}

export function canonicalArchitecture(name: string, variant: string | undefined): Omit<Platform, 'os'> {
  const lower = name.toLowerCase()
  const alias = ARCHITECTURE_ALIASES.get(lower)
  const architecture = alias?.architecture ?? lower
  const canonical = canonicalVariant(architecture, alias?.variant ?? variant)
  return { architecture, ...(canonical !== undefined && { variant: canonical }) }
}

/** `7` is `v7` where variants are numbered; `v8.0` is `v8`; the first level of amd64 is amd64 itself. */
function canonicalVariant(architecture: string, variant: string | undefined): string | undefined {
  const lower = variant?.toLowerCase() ?? ''
  if (lower === '') return undefined
  if (architecture !== 'arm' && architecture !== 'arm64' && architecture !== 'amd64') return lower
  const numbered = /^v?([0-9]+)((?:\.[0-9]+)?)$/.exec(lower)
  if (numbered === null) return lower
  const [, major = '', minor = ''] = numbered
  const canonical = `v${major}${minor === '.0' ? '' : minor}`
  return architecture === 'amd64' && canonical === 'v1' ? undefined : canonical
}

/** What the grammar gives a meaning, or cannot hold, is percent-encoded. */
function encodeVersion(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

function decodeVersion(text: string, whole: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw platformError(whole, `"${quoteForeign(text, 60)}" is not percent-encoded text`)
  }
}
