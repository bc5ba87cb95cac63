import { type Descriptor, type Digest, digestOf, type ManifestBytes } from '@crossdock/core'
import { writeOciManifest } from '../convert/write-manifest.ts'
import type { Manifest } from '../manifest.ts'
import { OCI_EMPTY, OCI_MANIFEST } from '../media-types.ts'

/** The artifact by which an OCI image keeps the App Container archive that it was made of (`docs/conversions.md`). */
export const ACI_ARTIFACT = 'application/vnd.crossdock.aci'
const ARCHIVE = 'application/vnd.crossdock.aci.archive'
/** RFC 3156, section 5. */
const PGP_SIGNATURE = 'application/pgp-signature'

export interface AciArtifactParts {
  /** The image that was made of the archive. */
  readonly subject: Descriptor
  /** The archive as it was published. */
  readonly archive: Pick<Descriptor, 'digest' | 'size'>
  /** Its detached signature, if there is one. */
  readonly signature?: Uint8Array | undefined
}

export interface AciArtifact {
  readonly manifest: ManifestBytes
  /** All that it refers to but the archive, by digest. */
  readonly documents: ReadonlyMap<Digest, Uint8Array>
}

/** The same parts make the same artifact. */
export function aciArtifact({ subject, archive, signature }: AciArtifactParts): AciArtifact {
  const empty = new TextEncoder().encode('{}')
  const documents = new Map(
    [empty, ...(signature === undefined ? [] : [signature])].map((bytes) => [digestOf(bytes), bytes]),
  )
  const manifest = writeOciManifest({
    mediaType: OCI_MANIFEST,
    artifactType: ACI_ARTIFACT,
    config: describe(OCI_EMPTY, empty),
    layers: [
      { mediaType: ARCHIVE, digest: archive.digest, size: archive.size },
      ...(signature === undefined ? [] : [describe(PGP_SIGNATURE, signature)]),
    ],
    subject,
  })
  return { manifest, documents }
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
}

/** Where an artifact keeps its parts; undefined if it is no such artifact. */
export function aciPartsOf(
  manifest: Manifest,
): { readonly archive: Descriptor; readonly signature: Descriptor | undefined } | undefined {
  if (manifest.kind !== 'image' || manifest.artifactType !== ACI_ARTIFACT) return undefined
  const [archive, signature] = manifest.layers
  if (archive?.mediaType !== ARCHIVE) return undefined
  return { archive, signature: signature?.mediaType === PGP_SIGNATURE ? signature : undefined }
}
