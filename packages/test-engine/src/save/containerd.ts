import { blobPath } from '../digests.ts'
import type { ContentImage } from '../kept-image.ts'
import { familiarName, splitTag } from '../names.ts'
import type { Member } from '../tar.ts'

export const LAYOUT_MARKER: Member = { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }

/**
 * An archive as containerd exports it (containerd, `core/images/archive/exporter.go`): what there is of the image, and `manifest.json` for one
 * platform of it.
 */
export function saveContent({ top, content }: ContentImage, name: string | undefined): readonly Member[] {
  const list = manifestList({ top, content }, name)
  return [
    ...[...content].map(([digest, bytes]) => ({ path: blobPath(digest), content: bytes })),
    { path: 'index.json', content: layoutIndex(top, name) },
    ...(list === undefined ? [] : [{ path: 'manifest.json', content: list }]),
    LAYOUT_MARKER,
  ]
}

/** `index.json` with one entry under the annotations that containerd gives it, or with none. */
export function layoutIndex(top: ContentImage['top'] | undefined, name: string | undefined): string {
  const [, tag] = name === undefined ? [] : splitTag(name)
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag }
  const manifests = top === undefined ? null : [{ ...top, ...(name !== undefined && { annotations }) }]
  return JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests })
}

interface Document {
  readonly config?: { readonly digest: string }
  readonly layers?: readonly { readonly digest: string }[]
  readonly manifests?: readonly { readonly digest: string }[]
}

/** For the first manifest whose config is there. */
function manifestList({ top, content }: ContentImage, name: string | undefined): string | undefined {
  const waiting = [top.digest]
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const document: Document = JSON.parse(content.get(next)?.toString() ?? '{}')
    waiting.push(...(document.manifests ?? []).map(({ digest }) => digest))
    const { config, layers = [] } = document
    if (config === undefined || !content.has(config.digest)) continue
    return JSON.stringify([
      {
        Config: blobPath(config.digest),
        RepoTags: name === undefined ? null : [familiarName(name)],
        Layers: layers.map(({ digest }) => blobPath(digest)),
      },
    ])
  }
  return undefined
}
