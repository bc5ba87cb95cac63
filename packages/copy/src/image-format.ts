import { DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST } from '@crossdock/formats'

/** The forms in which an image can be asked for. */
export type ImageFormat = 'oci' | 'docker' | 'schema1'

/** The media type of an image in each. */
export const FORMAT_TYPES: Readonly<Record<ImageFormat, string>> = {
  oci: OCI_MANIFEST,
  docker: DOCKER_MANIFEST,
  schema1: DOCKER_SCHEMA1_SIGNED,
}
