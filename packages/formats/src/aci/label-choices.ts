import type { Platform } from '@crossdock/core'
import { aciPlatformOf } from './platform.ts'
import type { AppName } from './app-name.ts'

/**
 * The name with the labels `os` and `arch` of a platform where it has none: with both, with `os` alone, then as it is, since an image may be for every
 * platform. What the name says itself stays.
 */
export function labelChoices(app: AppName, platform: Platform): readonly AppName[] {
  const found = aciPlatformOf(platform)
  const { name, labels } = app
  if (found === undefined || labels.has('arch')) return [app]
  const withBoth = { name, labels: new Map([['os', found.os], ['arch', found.arch], ...labels]) }
  const os = labels.get('os')
  if (os !== undefined) return os === found.os ? [withBoth, app] : [app]
  return [withBoth, { name, labels: new Map([['os', found.os], ...labels]) }, app]
}
