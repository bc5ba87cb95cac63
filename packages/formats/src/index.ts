export {
  DOCKER_CONFIG,
  DOCKER_FOREIGN_LAYER_GZIP,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_LAYER_ZSTD,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  isConfigType,
  isForeignLayerType,
  isIndexType,
  isLayerType,
  isManifestType,
  isSchema1Type,
  layerCompression,
  MANIFEST_MEDIA_TYPES,
  normalizeMediaType,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from './media-types.ts'
export { checkDescriptor, isForeignLayer } from './descriptor.ts'
export { blobsOf, childrenOf, parseManifest } from './manifest.ts'
export { refuseLookalikeKeys } from './manifest-type.ts'
export type { ImageIndex, ImageManifest, Manifest, ManifestFormat, ParseManifestOptions } from './manifest.ts'
export { parseImageConfig } from './image-config.ts'
export type { HistoryEntry, ImageConfig, RunConfig } from './image-config.ts'
export { chooseInstance, MAX_INDEX_DEPTH, nestedTooDeep, ofImage, readDocument } from './document.ts'
export type { ChooseInstanceOptions, ImageDocument, ReadDocumentOptions } from './document.ts'
export { imageOf, loadImage } from './image.ts'
export type { Image } from './image.ts'
export { formatPlatform, normalizePlatform, parsePlatform } from './platform.ts'
export { parsePlatformPattern, platformMatches } from './platform-pattern.ts'
export type { PlatformPattern } from './platform-pattern.ts'
export { isAttestation, selectInstance, selectInstances } from './select-instance.ts'
export type { SelectInstanceOptions } from './select-instance.ts'
export { hostPlatform } from './node-platform.ts'
export { buildIndex, ORIGINAL_INDEX, rewriteIndex } from './index-rewrite.ts'
export type { BuildIndexOptions } from './index-rewrite.ts'
export { referrersTag } from './referrers-tag.ts'
export { isObject, member, parseJsonDocument, parseJsonToRewrite, typeName } from './json.ts'
export type { JsonDocumentOptions } from './json.ts'
