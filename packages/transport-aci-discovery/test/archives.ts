import { tmpdir } from 'node:os'
import { bytesAccess, createAciSource, openAci, type TarInput, writeTar } from '@crossdock/archive'
import { ImageError, type ImageErrorCode, type ImageReference, type ImageSource } from '@crossdock/core'
import { readBytes } from '@crossdock/streams'

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
        return await sourceOf(lying, reference, { made, onClose: () => void closed.push(url.href) })
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

/** With `made` false it is an OCI image that says that it was made of an App Container Image. */
async function sourceOf(
  lying: Exclude<Lying, string>,
  reference: ImageReference,
  { made, onClose }: SourceFacts,
): Promise<ImageSource> {
  const archive = await openAci(bytesAccess(await aciOf(lying)), { tmpDir: tmpdir(), maxUnpackedBytes: 1024 ** 2 })
  const source = createAciSource({ ...archive, [Symbol.asyncDispose]: async () => onClose() }, { reference })
  const { aci: _, with: __, ...plain } = source
  return made ? source : plain
}

async function aciOf({ name, labels = {} }: Exclude<Lying, string>): Promise<Uint8Array> {
  const pairs = Object.entries(labels).map(([label, value]) => ({ name: label, value }))
  const document = { acKind: 'ImageManifest', acVersion: '0.8.11', name, labels: pairs }
  const content = Buffer.from(JSON.stringify(document))
  const members: readonly TarInput[] = [
    { path: 'manifest', size: content.byteLength, content },
    { path: 'rootfs', type: 'directory' },
  ]
  return await readBytes(writeTar(members), { limitBytes: 1024 ** 2, what: 'an archive' })
}
