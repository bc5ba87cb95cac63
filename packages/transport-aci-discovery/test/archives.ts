import { digestOf, ImageError, type ImageErrorCode, type ImageReference, type ImageSource } from '@crossdock/core'
import { ACI_MANIFEST_ANNOTATION } from '@crossdock/formats'

/** What lies at a URL: an image, or why there is none. */
export type Lying = { readonly name: string; readonly labels?: Readonly<Record<string, string>> } | ImageErrorCode

export interface Archives {
  readonly open: (url: URL, signature: URL | undefined) => ImageReference
  /** Where signatures are said to lie. */
  readonly signatures: (string | undefined)[]
  /** The URLs that were opened, and those that were closed again. */
  readonly opened: string[]
  readonly closed: string[]
}

/** Archives in memory, by URL, as a transport for URLs has them; what is no key lies nowhere. */
export function archivesOf(all: Readonly<Record<string, Lying>>, made = true): Archives {
  const opened: string[] = []
  const closed: string[] = []
  const signatures: (string | undefined)[] = []
  const open = (url: URL, signature: URL | undefined): ImageReference => {
    signatures.push(signature?.href)
    const reference: ImageReference = {
      transport: {
        '~transport': { contract: 1, vendor: 'test' },
        name: 'https',
        parseReference: () => reference,
        validatePolicyScope: () => undefined,
      },
      toString: () => url.href.slice('https:'.length),
      async openSource() {
        opened.push(url.href)
        const lying = all[url.href] ?? 'NOT_FOUND'
        if (typeof lying === 'string') throw new ImageError(lying, `${url.href}: ${lying}`)
        return sourceOf(lying, reference, { made, onClose: () => void closed.push(url.href) })
      },
    }
    return reference
  }
  return { open, opened, closed, signatures }
}

interface SourceFacts {
  readonly made: boolean
  readonly onClose: () => void
}

function sourceOf(
  lying: Exclude<Lying, string>,
  reference: ImageReference,
  { made, onClose }: SourceFacts,
): ImageSource {
  const labels = Object.entries(lying.labels ?? {}).map(([name, value]) => ({ name, value }))
  const kept = { acKind: 'ImageManifest', acVersion: '0.8.11', name: lying.name, labels }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 }
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config,
      layers: [],
      annotations: { [ACI_MANIFEST_ANNOTATION]: JSON.stringify(kept) },
    }),
  )
  return {
    reference,
    traits: { makesManifest: made },
    getManifest: async () => ({ bytes, mediaType, digest: digestOf(bytes) }),
    getBlob: () => Promise.reject(new ImageError('NOT_FOUND', 'no blob')),
    getSignatures: async () => [],
    [Symbol.asyncDispose]: async () => onClose(),
  }
}
