/** The image ID of the archive that an OCI image was made of. */
export const ACI_ID_ANNOTATION = 'io.appc.image.id'
/** Its App Container manifest, without what the files of the image have done already: dependencies and whitelist. */
export const ACI_MANIFEST_ANNOTATION = 'io.appc.image.manifest'
/** Longer manifests are left out. */
export const MAX_ACI_ANNOTATION_BYTES: number = 256 * 1024

/** Annotations in an App Container manifest by which one that was made of an OCI image keeps what appc has no field for. */
export const ENTRYPOINT = 'appc.io/docker/entrypoint'
export const CMD = 'appc.io/docker/cmd'
export const USER = 'appc.io/docker/user'

/** Annotations that say the same on both sides, by the name that appc gives them. */
export const SHARED_ANNOTATIONS: ReadonlyMap<string, string> = new Map([
  ['authors', 'org.opencontainers.image.authors'],
  ['created', 'org.opencontainers.image.created'],
  ['documentation', 'org.opencontainers.image.documentation'],
  ['homepage', 'org.opencontainers.image.url'],
])
