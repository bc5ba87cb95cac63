import { isDigest, type Digest } from '@crossdock/core'

/** As much of a manifest or index as the memory transport has to know. Anything malformed counts as absent. */
export interface DocumentLinks {
  readonly blobs: readonly Digest[]
  readonly children: readonly Digest[]
  readonly subject: Digest | undefined
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
}

export function linksOf(bytes: Uint8Array): DocumentLinks {
  const document = parse(bytes)
  const { config, layers, fsLayers, manifests, subject, artifactType, annotations } = document
  const files = [config, ...list(layers)].filter((blob) => !isForeign(blob))
  return {
    // Docker schema 1 has no descriptors.
    blobs: [
      ...digests(files),
      ...list(fsLayers)
        .map((layer) => record(layer)['blobSum'])
        .filter((sum) => isDigest(sum)),
    ],
    children: digests(list(manifests)),
    subject: digests([subject])[0],
    // distribution-spec, "Listing Referrers": without an artifactType, the config's media type stands for it.
    artifactType: text(artifactType) ?? text(record(config)['mediaType']),
    annotations: textRecord(annotations),
  }
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return {}
  }
}

function isForeign(blob: unknown): boolean {
  return list(record(blob)['urls']).length > 0
}

function digests(descriptors: readonly unknown[]): Digest[] {
  return descriptors.map((descriptor) => record(descriptor)['digest']).filter((digest) => isDigest(digest))
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textRecord(value: unknown): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(record(value)).filter(
    (entry): entry is [string, string] => text(entry[1]) !== undefined,
  )
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
