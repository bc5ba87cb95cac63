import { describe, digestOf } from './digests.ts'
import { type LoadedImage, unpack } from './load.ts'
import type { ContentImage, PlainImage } from './kept-image.ts'
import type { Member } from './tar.ts'
import { saveClassic } from './save/classic.ts'
import { saveContent } from './save/containerd.ts'
import { saveHybrid } from './save/hybrid.ts'

/**
 * How an engine keeps images. `classic`: layers plain, and archives as all engines wrote them before Docker 25. `classic-25`: with a layout
 * beside that. `containerd`: manifests and layers as they came, and archives that are layouts.
 */
export type EngineStore = 'classic' | 'classic-25' | 'containerd'

/** An image with its own documents, as a registry would have it. */
export interface StoredImage {
  readonly root: { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: string }
  readonly manifests: readonly { readonly bytes: Uint8Array; readonly digest: string }[]
  readonly blobs: readonly { readonly bytes: Uint8Array; readonly descriptor: { readonly digest: string } }[]
}

type KeptImage = PlainImage | ContentImage

/** The images of one engine. */
export interface ImageStore {
  /** Explicit names, in the order in which they were given. */
  names(): readonly string[]
  /** The image's ID, under its names from now on. */
  keep(image: LoadedImage): string
  /** The same for an image that comes with its documents, as if it had been pulled. */
  add(name: string, image: StoredImage): string
  /** The members of its archive; undefined if there is no such image. `asked` is an explicit name or an ID. */
  save(asked: string): readonly Member[] | undefined
}

export function createImageStore(kind: EngineStore): ImageStore {
  const images = new Map<string, KeptImage>()
  const ids = new Map<string, string>()

  function put(image: KeptImage, names: readonly string[]): string {
    const id = 'top' in image ? image.top.digest : digestOf(image.config)
    images.set(id, image)
    for (const name of names) ids.set(name, id)
    return id
  }

  return {
    names: () => [...ids.keys()],
    keep: (image) => put(kind === 'containerd' ? imported(image) : plainOf(image), image.names),
    add: (name, image) => put(kind === 'containerd' ? contentOf(image) : extracted(image), [name]),
    save(asked) {
      const [repository = '', digest] = asked.split('@')
      const id = ids.get(asked) ?? digest ?? asked
      const image = images.get(id)
      const isNamed =
        digest === undefined || [...ids].some(([name, of]) => of === id && name.startsWith(`${repository}:`))
      if (image === undefined || !isNamed) return undefined
      const name = ids.has(asked) ? asked : undefined
      if ('top' in image) return saveContent(image, name)
      return kind === 'classic' ? saveClassic(image, name) : saveHybrid(image, name)
    },
  }
}

function plainOf({ config, layers }: LoadedImage): PlainImage {
  return { config, layers: layers.map(({ plain }) => plain) }
}

/** What containerd makes of a docker archive (containerd, `core/images/archive/importer.go`). */
function imported({ config, layers }: LoadedImage): ContentImage {
  const content = new Map(
    [config, ...layers.map(({ packed }) => packed)].map((bytes) => [digestOf(bytes), bytes] as const),
  )
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: describe('application/vnd.docker.container.image.v1+json', config),
      layers: layers.map(({ packed, plain }) => {
        const ending = packed === plain ? '' : '.gzip'
        return describe(`application/vnd.docker.image.rootfs.diff.tar${ending}`, packed)
      }),
    }),
  )
  const digest = digestOf(manifest)
  content.set(digest, manifest)
  return { top: { mediaType, digest, size: manifest.byteLength }, content }
}

function contentOf({ root, manifests, blobs }: StoredImage): ContentImage {
  const content = new Map([
    ...blobs.map(({ bytes, descriptor }) => [descriptor.digest, Buffer.from(bytes)] as const),
    ...manifests.map(({ bytes, digest }) => [digest, Buffer.from(bytes)] as const),
  ])
  return { top: { mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength }, content }
}

/** What pulling leaves of an image of one platform. */
function extracted({ root, blobs }: StoredImage): PlainImage {
  const { config, layers }: Manifest = JSON.parse(Buffer.from(root.bytes).toString())
  const bytesOf = (digest: string): Buffer => {
    const found = blobs.find(({ descriptor }) => descriptor.digest === digest)
    if (found === undefined) throw new Error(`the image lacks ${digest}`)
    return Buffer.from(found.bytes)
  }
  return { config: bytesOf(config.digest), layers: layers.map(({ digest }) => unpack(bytesOf(digest))) }
}

interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string }[]
}
