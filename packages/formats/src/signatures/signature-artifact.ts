import {
  type Descriptor,
  type Digest,
  digestOf,
  ImageError,
  type ManifestBytes,
  MAX_MANIFEST_BYTES,
  parseDigest,
  type Signature,
  type SigstoreSignature,
  type SimpleSignature,
} from '@crossdock/core'
import { goList, goObject, goString, goStrings } from '../go-text.ts'
import { parseManifest } from '../manifest.ts'
import { normalizeMediaType, OCI_EMPTY, OCI_MANIFEST } from '../media-types.ts'
import type { BlobContent } from './attachments.ts'
import { checkSignatureLayers } from './limits.ts'
import { readLayers, type SignatureBlobReader } from './read-layers.ts'

/** Simple signatures as an artifact whose subject they are over, and each of its layers. See `docs/decisions/0018-where-layouts-keep-signatures.md`. */
export const SIMPLE_SIGNATURES = 'application/vnd.crossdock.simple-signing.v1'

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d{1,3}\.\d{1,3})?\+json$/

/** True for a sigstore bundle of any version, which is an artifact of its own and never a layer among others. */
export function isBundleType(mediaType: string): boolean {
  return BUNDLE.test(normalizeMediaType(mediaType))
}

/** True for the artifact type of what holds signatures and names in `subject` what they are over. */
export function isSignatureArtifactType(artifactType: string): boolean {
  return artifactType === SIMPLE_SIGNATURES || isBundleType(artifactType)
}

/** A manifest with the blobs that it names. */
export interface SignatureArtifact {
  readonly manifest: ManifestBytes
  readonly blobs: readonly BlobContent[]
}

/** Throws `LIMIT_EXCEEDED` for more, or larger ones, than signatures are. */
export function simpleArtifact(signatures: readonly SimpleSignature[], subject: Descriptor): SignatureArtifact {
  return artifact({ artifactType: SIMPLE_SIGNATURES, contents: signatures.map(({ bytes }) => bytes), subject })
}

/** The artifact that cosign makes of a bundle: its annotations are those of the manifest. */
export function bundleArtifact(
  { mediaType, bytes, annotations }: SigstoreSignature,
  subject: Descriptor,
): SignatureArtifact {
  return artifact({ artifactType: mediaType, contents: [bytes], subject, annotations })
}

interface ArtifactParts {
  readonly artifactType: string
  readonly contents: readonly Uint8Array[]
  readonly subject: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

function artifact({ artifactType, contents, subject, annotations }: ArtifactParts): SignatureArtifact {
  const layers = contents.map((bytes): BlobContent => {
    return { descriptor: { mediaType: artifactType, digest: digestOf(bytes), size: bytes.byteLength }, bytes }
  })
  checkSignatureLayers(
    layers.map(({ descriptor }) => descriptor),
    'the artifact of signatures',
  )
  const text = goObject([
    ['schemaVersion', '2'],
    ['mediaType', goString(OCI_MANIFEST)],
    ['artifactType', goString(artifactType)],
    ['config', descriptorText(EMPTY.descriptor)],
    ['layers', goList(layers.map(({ descriptor }) => descriptorText(descriptor)))],
    ['subject', descriptorText(subject)],
    ['annotations', goStrings(annotations)],
  ])
  const bytes = new TextEncoder().encode(text)
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the annotations of a signature take more than ${MAX_MANIFEST_BYTES} bytes`)
  }
  return { manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }, blobs: [EMPTY, ...layers] }
}

/** The two bytes `{}`. */
const EMPTY: BlobContent = {
  descriptor: {
    mediaType: OCI_EMPTY,
    digest: parseDigest('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'),
    size: 2,
  },
  bytes: new Uint8Array([0x7b, 0x7d]),
}

function descriptorText({ mediaType, digest, size }: Descriptor): string {
  return goObject([
    ['mediaType', goString(mediaType)],
    ['digest', goString(digest)],
    ['size', String(size)],
  ])
}

/**
 * The signatures over `subject` in an artifact; none if it is another artifact, or another's. Throws `LIMIT_EXCEEDED` for more, or
 * larger ones, than signatures are.
 */
export async function readSignatureArtifact(
  manifest: ManifestBytes,
  subject: Digest,
  read: SignatureBlobReader,
): Promise<readonly Signature[]> {
  const parsed = parseManifest(manifest)
  const { artifactType } = parsed
  if (parsed.kind !== 'image' || parsed.subject?.digest !== subject || artifactType === undefined) return []
  if (!isSignatureArtifactType(artifactType)) return []
  checkSignatureLayers(parsed.layers, `the artifact of signatures ${manifest.digest}`)
  const layers = parsed.layers.filter(({ mediaType }) => mediaType === artifactType)
  const contents = await readLayers(layers, read)
  return contents.map((bytes): Signature => {
    if (artifactType === SIMPLE_SIGNATURES) return { format: 'simple', bytes }
    return { format: 'sigstore', mediaType: artifactType, bytes, annotations: parsed.annotations }
  })
}
