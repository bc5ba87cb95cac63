import {
  type Descriptor,
  type Digest,
  ImageError,
  imageName,
  quoteForeign,
  type Referrer,
  shortDigest,
} from '@crossdock/core'
import { runAll } from '@crossdock/streams'
import type { Ends } from './ends.ts'
import type { ManifestNode } from './graph.ts'
import { MAX_MANIFESTS, tooManyManifests } from './manifest-limits.ts'
import { brokenContract, type Operation, onSide } from './operation.ts'

/** Referrers of referrers deeper than this are refused: an SBOM, its signature and one more need three. */
const MAX_REFERRER_DEPTH = 16

type Reading = Pick<Ends, 'source' | 'options' | 'operation'>

/** What refers to an image, directly or not. */
export interface Referrers {
  /** Those that refer to the image first. */
  readonly nodes: readonly ManifestNode[]
  /** The tags that tie manifests to their subjects, by the digest of what they name. */
  readonly tags: ReadonlyMap<Digest, readonly string[]>
}

/** Reads manifests, and what they reach, into nodes. */
export type ReadNodes = (descriptors: readonly Descriptor[]) => Promise<readonly ManifestNode[]>

/** Breadth first, each manifest once: referrers of referrers may form a circle. */
export async function loadReferrers(
  subjects: readonly Digest[],
  reading: Reading,
  read: ReadNodes,
): Promise<Referrers> {
  const { options, operation } = reading
  const seen = new Set(subjects)
  const tags = new Map<Digest, readonly string[]>()
  const nodes: ManifestNode[] = []
  let round: readonly Digest[] = [...seen]
  for (let depth = 1; round.length > 0; depth += 1) {
    if (depth > MAX_REFERRER_DEPTH) throw tooDeep()
    const listed: Tied[] = []
    const list = async (subject: Digest, signal: AbortSignal): Promise<void> => {
      for (const referrer of await referrersOf(subject, reading, operation.under(signal))) {
        listed.push({ subject, referrer })
        if (listed.length > MAX_MANIFESTS) throw tooManyManifests()
      }
    }
    await runAll(round, list, { concurrency: options.concurrency, signal: operation.signal })
    noteTags(listed, tags)
    const fresh = listed.filter(({ referrer: { digest } }) => !seen.has(digest) && seen.add(digest))
    const found = await read(fresh.map(({ referrer }) => referrer))
    const tied = found.filter((node) => isTied(node, { listed, reading }))
    nodes.push(...tied)
    round = tied.map(({ manifest }) => manifest.digest)
  }
  return { nodes, tags }
}

interface Tied {
  readonly subject: Digest
  readonly referrer: Referrer
}

/** What the source lists for one subject. Throws `LIMIT_EXCEEDED` for a list without an end. */
export async function referrersOf(
  subject: Digest,
  { source }: Pick<Ends, 'source'>,
  operation: Operation,
): Promise<readonly Referrer[]> {
  const list = async (): Promise<readonly Referrer[]> => {
    const found: Referrer[] = []
    for await (const referrer of source.referrers?.(subject, operation) ?? []) {
      found.push(checkTag(referrer, subject, source))
      if (found.length > MAX_MANIFESTS) throw tooManyManifests()
    }
    return found
  }
  return onSide('source', source.reference, list, operation.signal)
}

/** No tag but one made of the subject's digest is written: any other would rename images of the destination. */
function checkTag(referrer: Referrer, subject: Digest, { reference }: Ends['source']): Referrer {
  const { tag } = referrer
  if (tag === undefined) return referrer
  const prefix = `${subject.replace(':', '-')}.`
  if (tag.startsWith(prefix) && /^[a-z]{1,20}$/.test(tag.slice(prefix.length))) return referrer
  throw brokenContract(reference, `it ties ${quoteForeign(tag, 200)} to ${subject}, which the tag does not name`, {})
}

function noteTags(listed: readonly Tied[], tags: Map<Digest, readonly string[]>): void {
  for (const { digest, tag } of listed.map(({ referrer }) => referrer)) {
    if (tag !== undefined) tags.set(digest, [...new Set([...(tags.get(digest) ?? []), tag])])
  }
}

/** Whether the manifest says what it was listed for, or a tag does. What was listed wrongly is left out, which is said. */
function isTied(
  { manifest, parsed }: ManifestNode,
  { listed, reading }: { readonly listed: readonly Tied[]; readonly reading: Reading },
): boolean {
  const named = parsed.kind === 'schema1' ? undefined : parsed.subject?.digest
  const ties = listed.filter(({ referrer }) => referrer.digest === manifest.digest)
  if (ties.some(({ subject, referrer }) => referrer.tag !== undefined || subject === named)) return true
  const image = imageName(reading.source.reference)
  const subjects = ties.map(({ subject }) => shortDigest(subject)).join(', ')
  const message = `${quoteForeign(image)} lists ${shortDigest(manifest.digest)} as referring to ${subjects}, which it does not: it was left out`
  reading.operation.onProgress({ type: 'note', level: 'warning', message })
  return false
}

function tooDeep(): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `referrers refer to referrers more than ${MAX_REFERRER_DEPTH} deep`)
}
