import type { RegistryServerOptions } from './options.ts'

/**
 * Ways in which registries in use differ from the specification, several at once:
 *
 * - `older`: no referrers API, nothing can be deleted, an index needs all its manifests.
 * - `hosted`: PATCH answers 201, the status of an upload is behind, manifests come without Docker-Content-Digest.
 * - `smallChunks`: no PATCH above 4 MiB, nothing can be deleted or mounted, no referrers API.
 * - `subjectTags`: no referrers API, and the tag that stands in for it leads to the subject itself.
 */
export type RegistryProfile = 'older' | 'hosted' | 'smallChunks' | 'subjectTags'

const MAX_SMALL_CHUNK = 4 * 1024 * 1024

const PROFILES: Readonly<Record<RegistryProfile, RegistryServerOptions>> = {
  older: { referrersApi: false, deleteEnabled: false, sparseIndexes: false },
  hosted: {
    absoluteLocations: true,
    faults: [
      { match: { route: 'upload', method: 'PATCH' }, action: { kind: 'amend', status: 201 } },
      { match: { route: 'upload', method: 'GET' }, action: { kind: 'staleRange', byBytes: 1024 * 1024 } },
      {
        match: { route: 'manifest', method: 'GET' },
        action: { kind: 'amend', headers: { 'docker-content-digest': null } },
      },
    ],
  },
  smallChunks: {
    referrersApi: false,
    deleteEnabled: false,
    mounts: false,
    faults: [
      {
        match: { route: 'upload', method: 'PATCH' },
        action: { kind: 'tooLarge', aboveBytes: MAX_SMALL_CHUNK, status: 416 },
      },
    ],
  },
  subjectTags: {
    referrersApi: false,
    faults: [{ match: { route: 'manifest' }, action: { kind: 'subjectAsReferrers' } }],
  },
}

/** The options with those of the profile beneath; the profile's faults come first. */
export function withProfile(options: RegistryServerOptions): RegistryServerOptions {
  if (options.profile === undefined) return options
  const profile = PROFILES[options.profile]
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...profile, ...given, faults: [...(profile.faults ?? []), ...(options.faults ?? [])] }
}
