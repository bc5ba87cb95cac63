import type { Digest } from '@crossdock/core'

/** What is known of a manifest without reading it again. */
export interface ManifestRecord {
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  readonly subject?: Digest | undefined
  readonly artifactType?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** What a repository contains. */
export interface RepositoryState {
  /** Sizes in bytes by digest. */
  readonly blobs: ReadonlyMap<Digest, number>
  readonly manifests: ReadonlyMap<Digest, ManifestRecord>
  readonly tags: ReadonlyMap<string, Digest>
}

/** One change of a repository, as data. */
export type RepositoryChange =
  | { readonly do: 'put-blob'; readonly digest: Digest; readonly size: number }
  | { readonly do: 'put-manifest'; readonly digest: Digest; readonly manifest: ManifestRecord }
  | { readonly do: 'put-tag'; readonly tag: string; readonly digest: Digest }
  | { readonly do: 'delete-blob' | 'delete-manifest'; readonly digest: Digest }
  | { readonly do: 'delete-tag'; readonly tag: string }

export interface ChangeableRepository extends RepositoryState {
  apply(change: RepositoryChange): void
  /** The changes that make an empty repository this one. */
  changes(): readonly RepositoryChange[]
}

export function createRepository(): ChangeableRepository {
  const blobs = new Map<Digest, number>()
  const manifests = new Map<Digest, ManifestRecord>()
  const tags = new Map<string, Digest>()

  const deleteManifest = (digest: Digest): void => {
    manifests.delete(digest)
    for (const [tag, tagged] of tags) if (tagged === digest) tags.delete(tag)
  }

  const apply = (change: RepositoryChange): void => {
    switch (change.do) {
      case 'put-blob':
        return void blobs.set(change.digest, change.size)
      case 'put-manifest':
        return void manifests.set(change.digest, change.manifest)
      case 'put-tag':
        return void tags.set(change.tag, change.digest)
      case 'delete-blob':
        return void blobs.delete(change.digest)
      case 'delete-manifest':
        return deleteManifest(change.digest)
      case 'delete-tag':
        return void tags.delete(change.tag)
    }
  }

  const changes = (): readonly RepositoryChange[] => [
    ...[...blobs].map(([digest, size]) => ({ do: 'put-blob', digest, size }) as const),
    ...[...manifests].map(([digest, manifest]) => ({ do: 'put-manifest', digest, manifest }) as const),
    ...[...tags].map(([tag, digest]) => ({ do: 'put-tag', tag, digest }) as const),
  ]

  return { blobs, manifests, tags, apply, changes }
}
