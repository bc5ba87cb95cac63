/** OCI image manifest (image-spec, manifest.md); artifacts use it too. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
/** OCI image index (image-spec, image-index.md). */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
/** OCI image configuration (image-spec, config.md). */
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
/** The two bytes `{}`, where an artifact has nothing to say (image-spec, manifest.md, "Guidance for an Empty Descriptor"). */
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json'
/** OCI layer: a plain tar. */
export const OCI_LAYER_TAR = 'application/vnd.oci.image.layer.v1.tar'
/** OCI layer: a tar in gzip. */
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip'
/** OCI layer: a tar in zstd. */
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd'
/** OCI layer that its publisher does not want distributed: a plain tar. */
export const OCI_FOREIGN_LAYER_TAR = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
/** OCI layer that its publisher does not want distributed: a tar in gzip. */
export const OCI_FOREIGN_LAYER_GZIP = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'
/** OCI layer that its publisher does not want distributed: a tar in zstd. */
export const OCI_FOREIGN_LAYER_ZSTD = 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd'

/** Docker image manifest, version 2 schema 2. */
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
/** Docker manifest list. */
export const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
/** Docker image configuration. */
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
/** Docker layer: a plain tar. */
export const DOCKER_LAYER_TAR = 'application/vnd.docker.image.rootfs.diff.tar'
/** Docker layer: a tar in gzip. */
export const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
/** Docker layer: a tar in zstd. */
export const DOCKER_LAYER_ZSTD = 'application/vnd.docker.image.rootfs.diff.tar.zstd'
/** Docker layer that is fetched from its URLs: a plain tar. */
export const DOCKER_FOREIGN_LAYER_TAR = 'application/vnd.docker.image.rootfs.foreign.diff.tar'
/** Docker layer that is fetched from its URLs, in gzip. */
export const DOCKER_FOREIGN_LAYER_GZIP = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
/** Docker image manifest, schema 1, unsigned. */
export const DOCKER_SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+json'
/** Docker image manifest, schema 1, with JSON web signatures in it. */
export const DOCKER_SCHEMA1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws'

/** Statements about an image (in-toto), which a builder puts where an image has its layers. */
export const IN_TOTO = 'application/vnd.in-toto+json'

/** Every manifest and index type that `parseManifest` reads, best first: what an `Accept` header lists. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST]

const OCI_LAYER_PREFIX = 'application/vnd.oci.image.layer.'
const OCI_FOREIGN_PREFIX = 'application/vnd.oci.image.layer.nondistributable.'
const DOCKER_LAYER_PREFIX = 'application/vnd.docker.image.rootfs.diff.tar'
const DOCKER_FOREIGN_PREFIX = 'application/vnd.docker.image.rootfs.foreign.diff.tar'
const EROFS_LAYER = 'application/vnd.erofs.layer.v1'

/** The type alone: parameters and surrounding white space removed, in lower case (RFC 9110, section 8.3.1). */
export function normalizeMediaType(text: string): string {
  const semicolon = text.indexOf(';')
  return (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase()
}

/** True for a document that lists manifests: an OCI index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  return type === OCI_INDEX || type === DOCKER_MANIFEST_LIST
}

/** True for the manifest of one image: OCI, or Docker schema 2. */
export function isManifestType(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  return type === OCI_MANIFEST || type === DOCKER_MANIFEST
}

/** True for the first Docker manifest format, signed or not; `parseAnyManifest` reads it. */
export function isSchema1Type(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  return type === DOCKER_SCHEMA1 || type === DOCKER_SCHEMA1_SIGNED
}

/** True for the configuration of an image, as opposed to that of an artifact. */
export function isConfigType(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  return type === OCI_CONFIG || type === DOCKER_CONFIG
}

/**
 * True for a filesystem layer of any compression, encrypted and foreign ones included. These, and no other blobs of a
 * manifest, have a diff ID in the image's config.
 */
export function isLayerType(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  if (type.startsWith(OCI_LAYER_PREFIX)) return true
  return (
    isDockerTar(type, DOCKER_LAYER_PREFIX) ||
    isDockerTar(type, DOCKER_FOREIGN_PREFIX) ||
    isTypeOrSuffixed(type, EROFS_LAYER)
  )
}

/** True for a layer that its publisher does not want distributed: Docker "foreign", OCI "nondistributable". */
export function isForeignLayerType(mediaType: string): boolean {
  const type = normalizeMediaType(mediaType)
  return type.startsWith(OCI_FOREIGN_PREFIX) || isDockerTar(type, DOCKER_FOREIGN_PREFIX)
}

/** True for a layer whose bytes are encrypted (ocicrypt): nothing but its type can be known of it without a key. */
export function isEncryptedLayerType(mediaType: string): boolean {
  return isLayerType(mediaType) && normalizeMediaType(mediaType).split('+').slice(1).includes('encrypted')
}

/** True for what a builder says about an image (in-toto), in place of a layer. */
export function isAttestationType(mediaType: string): boolean {
  return normalizeMediaType(mediaType) === IN_TOTO
}

/** True for every type that Docker registered: manifests, lists, configs and layers. */
export function isDockerType(mediaType: string): boolean {
  return normalizeMediaType(mediaType).startsWith('application/vnd.docker.')
}

/** How the tar of a layer is compressed. */
export type LayerCompression = 'none' | 'gzip' | 'zstd'

const COMPRESSIONS: ReadonlyMap<string, LayerCompression> = new Map([
  ['', 'none'],
  ['gzip', 'gzip'],
  ['zstd', 'zstd'],
])

/**
 * What a layer's type says of its compression; the bytes may say otherwise. Undefined for what is not a tar layer, for a
 * compression that is not known, and for encrypted layers, whose bytes are neither.
 */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  const type = normalizeMediaType(mediaType)
  const oci = /^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(\w+))?$/.exec(type)
  const docker = /^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.(\w+))?$/.exec(type)
  const matched = oci ?? docker
  return matched === null ? undefined : COMPRESSIONS.get(matched[1] ?? '')
}

function isDockerTar(type: string, prefix: string): boolean {
  return [prefix, `${prefix}.gzip`, `${prefix}.zstd`].some((name) => isTypeOrSuffixed(type, name))
}

function isTypeOrSuffixed(type: string, name: string): boolean {
  return type === name || type.startsWith(`${name}+`)
}
