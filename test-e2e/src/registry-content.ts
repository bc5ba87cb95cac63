import { createHash } from 'node:crypto'

export interface StoredManifest {
  readonly bytes: Buffer
  readonly mediaType: string
  readonly digest: string
}

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** What a registry on plain HTTP answers for a manifest; undefined if it has none. The digest is computed here. */
export async function readManifest(
  host: string,
  { repository, reference }: { readonly repository: string; readonly reference: string },
): Promise<StoredManifest | undefined> {
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: ACCEPT },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`${response.status} for ${repository}:${reference}`)
  return { bytes, mediaType: response.headers.get('content-type') ?? '', digest: sha256(bytes) }
}

export async function hasBlob(
  host: string,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Promise<boolean> {
  return (await fetch(`http://${host}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })).ok
}

/** The digest of the bytes that a registry on plain HTTP sends for a blob. */
async function hashBlob(host: string, repository: string, digest: string): Promise<string> {
  const response = await fetch(`http://${host}/v2/${repository}/blobs/${digest}`)
  if (!response.ok || response.body === null) throw new Error(`${response.status} for ${repository}@${digest}`)
  const hash = createHash('sha256')
  for await (const chunk of response.body) if (chunk instanceof Uint8Array) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

/** Follows a manifest or index in a registry and hashes all that it reaches; what is wrong, in words. */
export async function verifyInRegistry(
  host: string,
  { repository, reference }: { readonly repository: string; readonly reference: string },
): Promise<readonly string[]> {
  const manifest = await readManifest(host, { repository, reference })
  if (manifest === undefined) return [`${reference} is missing`]
  const problems: string[] = []
  if (reference.startsWith('sha256:') && manifest.digest !== reference) problems.push(`${reference} has other bytes`)
  const document = JSON.parse(manifest.bytes.toString('utf8')) as ManifestDocument
  for (const { digest } of document.manifests ?? []) {
    problems.push(...(await verifyInRegistry(host, { repository, reference: digest })))
  }
  for (const { digest } of [document.config ?? [], document.layers ?? []].flat()) {
    const actual = await hashBlob(host, repository, digest).catch(String)
    if (actual !== digest) problems.push(`${digest} is ${actual}`)
  }
  return problems
}

interface ManifestDocument {
  readonly manifests?: readonly { readonly digest: string }[]
  readonly config?: { readonly digest: string }
  readonly layers?: readonly { readonly digest: string }[]
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
