import { type ImageReference, type OperationOptions, unparsedImage } from '@crossdock/core'
import { readDocument } from '@crossdock/formats'
import { type CacheContext, ifFound, remoteOf } from './cache-context.ts'
import { checkPlatform, entriesFor, platformOf } from './platforms.ts'

export interface InRegistryOptions extends OperationOptions {
  /** Where to look. Default: the registry that the name tells. */
  readonly from?: ImageReference | undefined
  /** Default: any. */
  readonly platform?: string | undefined
}

/** Whether the registry has the image, for the platform. False only if it says that it has not: what else goes wrong is thrown. */
export async function isInRegistry(
  cache: CacheContext,
  text: string,
  { from = remoteOf(cache, text), platform, ...operation }: InRegistryOptions = {},
): Promise<boolean> {
  return (await ifFound(look(from, platform, operation))) ?? false
}

async function look(from: ImageReference, platform: string | undefined, operation: OperationOptions): Promise<boolean> {
  await using source = await from.openSource?.(operation)
  if (source === undefined) return false
  const image = unparsedImage(source)
  const { manifest, parsed } = await readDocument(image, operation)
  if (platform === undefined) return true
  if (parsed.kind === 'index') return entriesFor(parsed, [platform]).length > 0
  const actual = await platformOf(image, source)
  const { mediaType, digest, bytes } = manifest
  if (actual !== undefined) checkPlatform(actual, { mediaType, digest, size: bytes.byteLength }, [platform])
  return true
}
