import {
  DOCKER_CONFIG,
  DOCKER_FOREIGN_LAYER_GZIP,
  DOCKER_FOREIGN_LAYER_TAR,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_LAYER_ZSTD,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  type LayerCompression,
  normalizeMediaType,
  OCI_CONFIG,
  OCI_FOREIGN_LAYER_GZIP,
  OCI_FOREIGN_LAYER_TAR,
  OCI_FOREIGN_LAYER_ZSTD,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from './media-types.ts'

/** One kind of layer: its type for each compression, undefined where the format has none. */
type LayerFamily = Readonly<Record<LayerCompression, string | undefined>>

const DOCKER_FAMILY: LayerFamily = { none: DOCKER_LAYER_TAR, gzip: DOCKER_LAYER_GZIP, zstd: undefined }
const FAMILIES: readonly LayerFamily[] = [
  { none: OCI_LAYER_TAR, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD },
  { none: OCI_FOREIGN_LAYER_TAR, gzip: OCI_FOREIGN_LAYER_GZIP, zstd: OCI_FOREIGN_LAYER_ZSTD },
  DOCKER_FAMILY,
  { none: DOCKER_FOREIGN_LAYER_TAR, gzip: DOCKER_FOREIGN_LAYER_GZIP, zstd: undefined },
]

const FAMILY_OF: ReadonlyMap<string, LayerFamily> = new Map([
  ...FAMILIES.flatMap((family) => [family.none, family.gzip, family.zstd].map((type) => [type ?? '', family] as const)),
  // Docker has never specified it, but some programs write it: it can be read, and is not written.
  [DOCKER_LAYER_ZSTD, DOCKER_FAMILY] as const,
])

/** Each OCI type and the Docker type that means the same. */
const COUNTERPARTS: readonly (readonly [oci: string, docker: string])[] = [
  [OCI_MANIFEST, DOCKER_MANIFEST],
  [OCI_INDEX, DOCKER_MANIFEST_LIST],
  [OCI_CONFIG, DOCKER_CONFIG],
  [OCI_LAYER_TAR, DOCKER_LAYER_TAR],
  [OCI_LAYER_GZIP, DOCKER_LAYER_GZIP],
  [OCI_FOREIGN_LAYER_TAR, DOCKER_FOREIGN_LAYER_TAR],
  [OCI_FOREIGN_LAYER_GZIP, DOCKER_FOREIGN_LAYER_GZIP],
]
const DOCKER_OF: ReadonlyMap<string, string> = new Map(COUNTERPARTS)
const OCI_OF: ReadonlyMap<string, string> = new Map([
  ...COUNTERPARTS.map(([oci, docker]) => [docker, oci] as const),
  [DOCKER_LAYER_ZSTD, OCI_LAYER_ZSTD],
])

/**
 * The type of the same kind of layer in another compression: foreign stays foreign, OCI stays OCI. Undefined if there is no
 * such type (zstd for Docker), and for what is not a plain, gzip or zstd tar.
 */
export function layerTypeWith(mediaType: string, compression: LayerCompression): string | undefined {
  const type = normalizeMediaType(mediaType)
  return type === '' ? undefined : FAMILY_OF.get(type)?.[compression]
}

/**
 * What Docker calls an OCI manifest, index, config or layer. Undefined for what Docker has no name for: zstd, encrypted
 * layers, and everything that is not part of a container image.
 */
export function dockerTypeOf(ociType: string): string | undefined {
  return DOCKER_OF.get(normalizeMediaType(ociType))
}

/** What OCI calls a Docker manifest, list, config or layer; undefined for every other type. */
export function ociTypeOf(dockerType: string): string | undefined {
  return OCI_OF.get(normalizeMediaType(dockerType))
}
