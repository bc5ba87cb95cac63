import { ImageError, imageName, type ImageReference, type OperationOptions, type Platform } from '@crossdock/core'
import { normalizePlatform } from '@crossdock/formats'
import type { CacheContext } from './cache-context.ts'
import type { LocalEntries } from './index-entries.ts'
import { namesPlatform } from './merge-index.ts'

export interface TagPlatformsOptions {
  readonly to: ImageReference
  readonly entries: LocalEntries
  readonly operation: OperationOptions
}

/**
 * Gives the image for each platform a tag of its own, beside that of the index; of several for one platform the first. Throws `UNSUPPORTED`
 * for a destination without a tag.
 */
export async function tagPlatforms(
  { copy, stored }: Pick<CacheContext, 'copy' | 'stored'>,
  { to, entries, operation }: TagPlatformsOptions,
): Promise<readonly string[]> {
  const text = to.toString()
  const tag = to.dockerReference?.tag
  if (tag === undefined || !text.endsWith(`:${tag}`)) {
    throw new ImageError('UNSUPPORTED', `${imageName(to)} has no tag that those of its platforms could be made of`)
  }
  const images = new Map<string, (typeof entries.all)[number]>()
  for (const entry of entries.all.filter(namesPlatform)) {
    const name = `${text}-${platformTag(entry.platform)}`
    if (!images.has(name)) images.set(name, entry)
  }
  const names: string[] = []
  for (const [name, { digest }] of images) {
    const tagged = to.transport.parseReference(name)
    await copy(stored.parseReference(digest), tagged, { ...operation, platforms: 'all' })
    names.push(imageName(tagged))
  }
  return names
}

/** `amd64`, `armv7`, `windows-10.0.17763-amd64`. */
function platformTag(platform: Platform): string {
  const { os, architecture, variant = '', 'os.version': version } = normalizePlatform(platform)
  const system = os === 'linux' ? [] : [os, version]
  const parts = [...system, architecture + variant].filter((part) => part !== undefined)
  return parts.join('-').replaceAll(/[^A-Za-z0-9_.-]/g, '_')
}
