import { type Descriptor, ImageError, type ImageSource, type Platform, type UnparsedImage } from '@crossdock/core'
import {
  childrenOf,
  formatPlatform,
  hostPlatform,
  type ImageIndex,
  imageOf,
  parsePlatformPattern,
  readDocument,
  selectInstances,
} from '@crossdock/formats'

/** Platforms as `copy` takes them: `linux/arm64`, `linux/*`. Default: linux on this machine's CPU. */
export function platformTexts(platforms: readonly string[] | undefined): readonly string[] {
  return platforms === undefined || platforms.length === 0 ? [formatPlatform(hostPlatform())] : platforms
}

/** The entries of an index that these platforms need. Throws `NOT_FOUND` for a platform that none is for. */
export function entriesFor(
  index: Pick<ImageIndex, 'manifests'>,
  platforms: 'all' | readonly string[],
): readonly Descriptor[] {
  const whole: ImageIndex = { kind: 'index', mediaType: '', format: 'oci', annotations: {}, manifests: index.manifests }
  if (platforms === 'all') return childrenOf(whole)
  return selectInstances(
    whole,
    platforms.map((text) => parsePlatformPattern(text)),
  )
}

/** The platform that an image's configuration says; undefined for an index and for what is no image. */
export async function platformOf(image: UnparsedImage, source: ImageSource): Promise<Platform | undefined> {
  const document = await readDocument(image)
  if (document.parsed.kind === 'index') return undefined
  const loaded = imageOf(document, source)
  if (loaded.isArtifact) return undefined
  const config = await loaded.config()
  const { os, architecture, variant } = config
  const version = config['os.version']
  return {
    os,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
  }
}

/** Throws `NOT_FOUND` unless an image for `platform` is what these platforms mean, as an entry of an index would be. */
export function checkPlatform(platform: Platform, image: Descriptor, wanted: readonly string[]): void {
  try {
    entriesFor({ manifests: [{ ...image, platform }] }, wanted)
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'NOT_FOUND') throw reason
    throw new ImageError(
      'NOT_FOUND',
      `the image ${image.digest} is for ${formatPlatform(platform)}, not for ${wanted.join(' and ')}`,
      { cause: reason },
    )
  }
}
