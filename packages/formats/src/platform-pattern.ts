import type { Platform } from '@crossdock/core'
import {
  canonicalArchitecture,
  checkComponents,
  normalizePlatform,
  parseOs,
  platformError,
  splitPlatform,
} from './platform.ts'

/** A platform in which `*` stands for any. Made by {@link parsePlatformPattern}. */
export interface PlatformPattern {
  /** As it was written, for messages. */
  readonly text: string
  readonly os: string
  readonly architecture: string
  /** `*` for any. Undefined: the architecture's default variant, or any if the architecture is `*`. */
  readonly variant?: string | undefined
  /** Undefined: any. */
  readonly 'os.version'?: string | undefined
  /** Undefined: any. Else what a platform may demand at most. */
  readonly 'os.features'?: readonly string[] | undefined
}

/**
 * Reads `os/architecture[/variant]` as `parsePlatform` does; each part may be `*`, alone: `linux/*`, `*\/arm64`,
 * `linux/arm/*`. A single `*` is every platform. Throws `INVALID_DATA`.
 */
export function parsePlatformPattern(text: string): PlatformPattern {
  if (text === '*') return { text, os: '*', architecture: '*' }
  const [os, architecture, variant] = splitPlatform(text)
  checkComponents(text, [architecture, variant].map(dropStar))
  if (architecture === '*' && variant !== undefined && variant !== '*') {
    throw platformError(text, 'a variant belongs to one architecture: name it instead of "*"')
  }
  const arch = architecture === '*' ? { architecture } : canonicalArchitecture(architecture, dropStar(variant))
  return {
    text,
    ...(os === '*' ? { os } : parseOs(os, text)),
    ...arch,
    ...(variant === '*' && { variant }),
  }
}

/** True if `text` has no `*`: the pattern then names one platform. */
export function namesOnePlatform(pattern: PlatformPattern): boolean {
  return pattern.os !== '*' && pattern.architecture !== '*' && pattern.variant !== '*'
}

/**
 * Both sides are compared in one spelling, so that `linux/arm64` matches `linux/arm64/v8` and `linux/arm` matches
 * `linux/arm/v7`. A version of the OS is compared only if the pattern has one, and must then be equal. Platform
 * `unknown/unknown` stands for something that is not an image and is matched only when it is named.
 */
export function platformMatches(pattern: PlatformPattern, platform: Platform): boolean {
  const actual = normalizePlatform(platform)
  if (isUnknownPlatform(actual) && (pattern.os === '*' || pattern.architecture === '*')) return false
  if (pattern.os !== '*' && pattern.os !== actual.os) return false
  if (!architectureMatches(pattern, actual)) return false
  const version = pattern['os.version']
  if (version !== undefined && version !== actual['os.version']) return false
  const features = pattern['os.features']
  return features === undefined || (actual['os.features'] ?? []).every((feature) => features.includes(feature))
}

/** What builders write for an index entry that runs nowhere: attestations and the like. */
export function isUnknownPlatform({ os, architecture }: Platform): boolean {
  return os === 'unknown' && architecture === 'unknown'
}

function architectureMatches(pattern: PlatformPattern, actual: Platform): boolean {
  if (pattern.architecture === '*') return true
  if (pattern.architecture !== actual.architecture) return false
  if (pattern.variant === '*') return true
  const { variant } = normalizePlatform({
    os: pattern.os,
    architecture: pattern.architecture,
    variant: pattern.variant,
  })
  return variant === actual.variant
}

function dropStar(part: string | undefined): string | undefined {
  return part === '*' ? undefined : part
}
