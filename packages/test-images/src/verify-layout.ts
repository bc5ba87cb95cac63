import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHasher, type Digest, digestAlgorithm, digestEncoded, parseDigest } from '@crossdock/core'

export interface VerifyLayoutOptions {
  /** What index.json must name; without it everything that it names is followed. */
  readonly root?: Digest | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LayoutReport {
  /** Distinct blobs that were reached and hashed, manifests included. */
  readonly blobs: number
  readonly bytes: number
  /** Bytes of the largest one. */
  readonly largest: number
  /** What is wrong, in words; empty if every blob is there and is what its digest and its descriptor's size say. */
  readonly problems: readonly string[]
  /** Files below `blobs` that nothing reaches. */
  readonly unreached: readonly string[]
}

/** A descriptor as it stands in a document, not yet checked. */
interface Claim {
  readonly digest: Digest
  readonly size: number | undefined
}

/** Follows an OCI layout from index.json and hashes every blob, independently of the transports. */
export async function verifyLayout(folder: string, { root, signal }: VerifyLayoutOptions = {}): Promise<LayoutReport> {
  const roots = claimsIn(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')))
  const problems: string[] = []
  if (root !== undefined && !roots.some(({ digest }) => digest === root)) problems.push(`index.json lacks ${root}`)
  const queue = root === undefined ? [...roots] : roots.filter(({ digest }) => digest === root)
  const seen = new Set<string>()
  let bytes = 0
  let largest = 0
  for (let claim = queue.pop(); claim !== undefined; claim = queue.pop()) {
    if (seen.has(claim.digest)) continue
    seen.add(claim.digest)
    const blob = await hashBlob(folder, claim.digest, signal)
    if (blob === undefined) problems.push(`${claim.digest} is missing`)
    else {
      bytes += blob.size
      largest = Math.max(largest, blob.size)
      if (blob.digest !== claim.digest) problems.push(`${claim.digest} has content of ${blob.digest}`)
      if (claim.size !== undefined && blob.size !== claim.size)
        problems.push(`${claim.digest} has ${blob.size} bytes instead of ${claim.size}`)
      if (blob.document !== undefined) queue.push(...claimsIn(blob.document))
    }
  }
  return { blobs: seen.size, bytes, largest, problems, unreached: await unreachedIn(folder, seen) }
}

interface HashedBlob {
  readonly digest: Digest
  readonly size: number
  readonly document: unknown
}

const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

async function hashBlob(folder: string, digest: Digest, signal?: AbortSignal): Promise<HashedBlob | undefined> {
  const algorithm = digestAlgorithm(digest)
  const hasher = createHasher(algorithm)
  const path = join(folder, 'blobs', algorithm, digestEncoded(digest))
  const head: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal?.throwIfAborted()
      if (!(chunk instanceof Uint8Array)) continue
      hasher.update(chunk)
      size += chunk.byteLength
      if (size <= MAX_DOCUMENT_BYTES) head.push(chunk)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return { digest: hasher.digest(), size, document: size <= MAX_DOCUMENT_BYTES ? parseJson(head) : undefined }
}

function parseJson(chunks: readonly Uint8Array[]): unknown {
  const start = Buffer.from(chunks[0]?.subarray(0, 100) ?? []).toString('latin1')
  if (!start.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

/** The descriptors of a manifest, an index or an index.json; nothing of any other document. */
function claimsIn(document: unknown): readonly Claim[] {
  if (!isRecord(document) || document['schemaVersion'] !== 2) return []
  return [document['config'], document['layers'], document['manifests']].flat().flatMap((value: unknown) => {
    if (!isRecord(value)) return []
    const { digest, size } = value
    return [{ digest: parseDigest(digest), size: typeof size === 'number' ? size : undefined }]
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function unreachedIn(folder: string, seen: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = []
  for (const algorithm of await readdir(join(folder, 'blobs'))) {
    for (const name of await readdir(join(folder, 'blobs', algorithm))) {
      if (!seen.has(`${algorithm}:${name}`)) found.push(`blobs/${algorithm}/${name}`)
    }
  }
  return found
}
