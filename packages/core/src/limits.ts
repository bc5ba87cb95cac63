/**
 * The most bytes of a manifest or index that are read or written: 4 MiB, what every registry must accept
 * (distribution-spec, "Pushing Manifests").
 */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024

/** The most bytes of an image configuration that are parsed: 4 MiB. A larger one still travels as a blob. */
export const MAX_CONFIG_BYTES: number = 4 * 1024 * 1024

/** The longest image name that is looked at, in characters. */
export const MAX_NAME_CHARACTERS = 4096
