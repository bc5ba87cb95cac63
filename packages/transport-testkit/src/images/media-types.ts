/** The family of documents that an image is made of. */
export type TestImageFormat = 'oci' | 'docker'

interface FormatMediaTypes {
  readonly manifest: string
  readonly index: string
  readonly config: string
  readonly layer: string
  readonly gzipLayer: string
}

// image-spec, media-types.md; Docker's "Image Manifest V 2, Schema 2".
export const MEDIA_TYPES: Readonly<Record<TestImageFormat, FormatMediaTypes>> = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
    gzipLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
    gzipLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
}

// image-spec, manifest.md, "Guidance for an Empty Descriptor".
export const EMPTY_MEDIA_TYPE = 'application/vnd.oci.empty.v1+json'
