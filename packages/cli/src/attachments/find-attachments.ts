import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  imageName,
  quoteForeign,
  type Referrer,
  shortDigest,
  unparsedImage,
} from '@crossdock/core'
import {
  type ImageIndex,
  isAttestation,
  isIndexType,
  isManifestType,
  parsePlatformPattern,
  readDocument,
  selectInstances,
} from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import type { Operation } from '../invocation.ts'
import type { Attachment, AttachmentTree, Subject } from './attachment.ts'

/** Referrers of referrers deeper than this are not looked for. */
const MAX_DEPTH = 16
/** An image with more than this is not one that somebody made on purpose. */
const MAX_ATTACHMENTS = 10_000
const AT_ONCE = 8
/** The annotation by which a builder's attestation names the image that it is about. */
const ABOUT = 'vnd.docker.reference.digest'

export interface FindOptions {
  /** `os/arch[/variant]`, or with `*`: the instances of an index to look at. Default: all. */
  readonly platform: string | undefined
  readonly operation: Operation
}

/**
 * Finds what refers to an image, directly or not: manifests that name it as their subject, what cosign's tags tie to it, and attestations
 * in its index; of an index also what refers to its instances. Every manifest is read and verified; one that was listed and refers to
 * something else is left out, which is said.
 */
export async function findAttachments(
  source: ImageSource,
  { platform, operation }: FindOptions,
): Promise<AttachmentTree> {
  const top = await readDocument(unparsedImage(source), operation)
  const entries = top.parsed.kind === 'index' ? wantedEntries(top.parsed, platform) : []
  const images = entries.filter((entry) => !isAttestation(entry))
  const subjects: readonly Subject[] = [{ digest: top.manifest.digest }, ...images]
  const finder = new Finder(source, operation)
  const listed = entries.filter(isAttestation).flatMap((entry): readonly Found[] => {
    const about = images.find(({ digest }) => digest === entry.annotations?.[ABOUT])?.digest
    return about === undefined ? [] : [{ descriptor: entry, subject: about, tie: 'index' }]
  })
  const referring = await finder.referringTo(subjects.map(({ digest }) => digest))
  const attachments = await finder.read([...listed, ...referring], 1)
  const order = subjects.map(({ digest }) => digest)
  return {
    subjects,
    attachments: attachments.toSorted((a, b) => order.indexOf(a.subject) - order.indexOf(b.subject)),
  }
}

/** The manifests of an index, those about what was chosen included. */
function wantedEntries(index: ImageIndex, platform: string | undefined): readonly Descriptor[] {
  const wanted = platform === undefined ? index.manifests : selectInstances(index, [parsePlatformPattern(platform)])
  const documents = wanted.filter(({ mediaType }) => isManifestType(mediaType) || isIndexType(mediaType))
  return [...new Map(documents.map((entry) => [entry.digest, entry])).values()]
}

/** What is said to refer to a subject. */
interface Found {
  readonly descriptor: Descriptor
  readonly subject: Digest
  readonly tie: Attachment['tie']
  readonly tag?: string | undefined
}

class Finder {
  readonly #source: ImageSource
  readonly #operation: Operation
  readonly #seen = new Set<string>()

  constructor(source: ImageSource, operation: Operation) {
    this.#source = source
    this.#operation = operation
  }

  async referringTo(subjects: readonly Digest[]): Promise<readonly Found[]> {
    const found: Found[] = []
    const list = async (subject: Digest, signal: AbortSignal): Promise<void> => {
      const referrers = this.#source.referrers?.(subject, { ...this.#operation, signal }) ?? []
      for await (const referrer of referrers) {
        found.push(foundAs(referrer, subject))
        if (found.length > MAX_ATTACHMENTS) throw tooMany(this.#source)
      }
    }
    await runAll(subjects, list, { concurrency: AT_ONCE, signal: this.#operation.signal })
    return found
  }

  /** Reads them, and what refers to them: each once for each tie. */
  async read(found: readonly Found[], depth: number): Promise<readonly Attachment[]> {
    const fresh = found.filter((each) => this.#isNew(each))
    const read = new Map<Found, Attachment['manifest']>()
    const load = async (each: Found, signal: AbortSignal): Promise<void> => {
      const manifest = await this.#manifest(each, signal)
      if (manifest !== undefined) read.set(each, manifest)
    }
    await runAll(fresh, load, { concurrency: AT_ONCE, signal: this.#operation.signal })
    const digests = [...new Set([...read.keys()].map(({ descriptor }) => descriptor.digest))]
    const below =
      depth < MAX_DEPTH && digests.length > 0 ? await this.read(await this.referringTo(digests), depth + 1) : []
    return fresh.flatMap((each) => {
      const manifest = read.get(each)
      if (manifest === undefined) return []
      const { digest, size } = each.descriptor
      const referrers = below.filter((attachment) => attachment.subject === digest)
      return [{ digest, size, manifest, tie: each.tie, tag: each.tag, subject: each.subject, referrers }]
    })
  }

  #isNew({ descriptor, subject, tag = '' }: Found): boolean {
    const key = `${subject} ${descriptor.digest} ${tag}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    if (this.#seen.size > MAX_ATTACHMENTS) throw tooMany(this.#source)
    return true
  }

  async #manifest(
    { descriptor, subject, tie }: Found,
    signal: AbortSignal,
  ): Promise<Attachment['manifest'] | undefined> {
    const image = unparsedImage(this.#source, descriptor.digest)
    const document = await readDocument(image, { ...this.#operation, signal, descriptor }).catch((reason: unknown) => {
      // Of an index not all has to be there.
      if (tie === 'index' && reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
      throw reason
    })
    if (document === undefined) return undefined
    const { parsed } = document
    if (parsed.kind !== 'schema1' && (tie !== 'subject' || parsed.subject?.digest === subject)) return parsed
    const what = `${shortDigest(descriptor.digest)} was listed as referring to ${shortDigest(subject)}, which it does not: it was left out`
    this.#operation.onProgress({ type: 'note', level: 'warning', message: what })
    return undefined
  }
}

function foundAs({ tag, ...descriptor }: Referrer, subject: Digest): Found {
  return { descriptor, subject, tie: tag === undefined ? 'subject' : 'tag', tag }
}

function tooMany({ reference }: ImageSource): ImageError {
  const image = imageName(reference)
  return new ImageError('LIMIT_EXCEEDED', `more than ${MAX_ATTACHMENTS} manifests refer to ${quoteForeign(image)}`, {
    image,
  })
}
