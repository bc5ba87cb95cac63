import { blobPath, describe, digestOf } from '../digests.ts'
import type { PlainImage } from '../kept-image.ts'
import { familiarName } from '../names.ts'
import type { Member } from '../tar.ts'
import { repositories } from './classic.ts'
import { LAYOUT_MARKER, layoutIndex } from './containerd.ts'

/**
 * An archive as `docker save` writes it from Docker 25 on: a layout, with a manifest that is made for it, and `manifest.json`. Asked for by
 * ID the layout lists nothing (go-containerregistry, `pkg/v1/tarball/testdata/hello-world-v25.tar`).
 */
export function saveHybrid({ config, layers }: PlainImage, name: string | undefined): readonly Member[] {
  const type = 'application/vnd.oci.image.layer.v1.tar'
  const sources = layers.map((layer) => describe(type, layer))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: sources,
    }),
  )
  const list = [
    {
      Config: blobPath(digestOf(config)),
      RepoTags: name === undefined ? null : [familiarName(name)],
      Layers: layers.map((layer) => blobPath(digestOf(layer))),
      LayerSources: Object.fromEntries(sources.map((source) => [source.digest, source])),
    },
  ]
  const blobs = new Map([...layers, config, manifest].map((bytes) => [digestOf(bytes), bytes] as const))
  return [
    ...[...blobs].map(([digest, content]) => ({ path: blobPath(digest), content })),
    { path: 'index.json', content: layoutIndex(name === undefined ? undefined : describe(mediaType, manifest), name) },
    { path: 'manifest.json', content: JSON.stringify(list) },
    LAYOUT_MARKER,
    ...repositories(name, sources.at(-1)?.digest.slice('sha256:'.length)),
  ]
}
