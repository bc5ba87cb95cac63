import { type Descriptor, type Digest, ImageError, type ImageSource, imageName, shortDigest } from '@crossdock/core'
import { formatPlatform, IN_TOTO, isObject, member } from '@crossdock/formats'
import { verifyBlob } from '@crossdock/streams'
import type { Operation } from '../invocation.ts'
import { type Attachment, type AttachmentTree, artifactTypeOf } from './attachment.ts'
import { formatOfMediaType, formatOfPredicate, type SbomFormat } from './sbom-format.ts'
import { isAbout, readStatement, type Statement, type Wrapping } from './statement.ts'

/** A software bill of materials that is attached to an image. */
export interface Sbom {
  readonly format: SbomFormat
  /** What it is about. */
  readonly subject: Digest
  /** `os/arch[/variant]` of that, if the index says it. */
  readonly platform?: string | undefined
  /** How it is attached: as a file, or in a statement that somebody may have signed. */
  readonly as: 'artifact' | 'statement' | 'signed statement'
  /** The blob that has it. */
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

/** More bytes are not read of one. */
const MAX_SBOM_BYTES = 128 * 1024 * 1024
const ENVELOPE = 'application/vnd.dsse.envelope.v1+json'
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v|\+json)/
/** Where manifests say of what kind a statement is (Docker's builder, cosign attest, cosign's bundles). */
const PREDICATE_ANNOTATIONS = ['in-toto.io/predicate-type', 'predicateType', 'dev.sigstore.bundle.predicateType']

/** Every bill of materials among what refers to an image, each once. */
export async function findSboms(
  source: ImageSource,
  { subjects, attachments }: AttachmentTree,
  operation: Operation,
): Promise<readonly Sbom[]> {
  const found = new Map<string, Sbom>()
  for (const attachment of attachments) {
    const platform = subjects.find(({ digest }) => digest === attachment.subject)?.platform
    for (const layer of layersOf(attachment)) {
      const known = await describe(layer, attachment, { source, operation })
      if (known === undefined) continue
      const { digest, mediaType, size } = layer
      const { subject } = attachment
      const place = platform === undefined ? undefined : formatPlatform(platform)
      found.set(`${subject} ${digest}`, { ...known, subject, platform: place, digest, mediaType, size })
    }
  }
  return [...found.values()]
}

/** The document itself, byte for byte; of a statement what it says, written anew. Throws if it is about something else. */
export async function readSbom(source: ImageSource, sbom: Sbom, operation: Operation): Promise<Uint8Array> {
  const bytes = await readBlob(sbom, { source, operation })
  const wrapping = wrappingOf(sbom.mediaType)
  if (wrapping === undefined) return bytes
  const statement = readStatement(bytes, wrapping, limits(sbom.digest))
  if (statement === undefined || formatOfPredicate(statement.predicateType) !== sbom.format) {
    throw invalid(sbom.digest, `is no statement with a bill of materials in ${sbom.format}`, source)
  }
  // Docker's builder names no subject for an image that it gave no name: the index ties them.
  if (!isAbout(statement, sbom.subject) && !(wrapping === 'statement' && statement.subjects.length === 0)) {
    throw invalid(sbom.digest, `is a statement about something else than ${shortDigest(sbom.subject)}`, source)
  }
  return new TextEncoder().encode(contentOf(statement))
}

interface Reading {
  readonly source: ImageSource
  readonly operation: Operation
}

function layersOf({ manifest }: Attachment): readonly Descriptor[] {
  return manifest.kind === 'image' ? manifest.layers : []
}

async function describe(
  layer: Descriptor,
  attachment: Attachment,
  reading: Reading,
): Promise<Pick<Sbom, 'format' | 'as'> | undefined> {
  const { manifest } = attachment
  const wrapping = wrappingOf(layer.mediaType)
  if (wrapping === undefined) {
    const ofArtifact = layersOf(attachment).length === 1 ? artifactTypeOf(attachment) : ''
    const format = formatOfMediaType(layer.mediaType) ?? formatOfMediaType(ofArtifact)
    return format && { format, as: 'artifact' }
  }
  const said = PREDICATE_ANNOTATIONS.map((name) => layer.annotations?.[name] ?? manifest.annotations[name])
  const predicateType = said.find((type) => type !== undefined) ?? (await readPredicateType(layer, wrapping, reading))
  const format = formatOfPredicate(predicateType)
  return format && { format, as: wrapping === 'statement' ? 'statement' : 'signed statement' }
}

/** What is neither small nor readable as a statement is no bill of materials that could be shown. */
async function readPredicateType(layer: Descriptor, wrapping: Wrapping, reading: Reading): Promise<string> {
  if (layer.size > MAX_SBOM_BYTES) return ''
  try {
    const bytes = await readBlob(layer, reading)
    return readStatement(bytes, wrapping, limits(layer.digest))?.predicateType ?? ''
  } catch (error) {
    if (error instanceof ImageError && error.code === 'INVALID_DATA') return ''
    throw error
  }
}

function wrappingOf(mediaType: string): Wrapping | undefined {
  if (mediaType === IN_TOTO) return 'statement'
  if (mediaType === ENVELOPE) return 'envelope'
  return BUNDLE.test(mediaType) ? 'bundle' : undefined
}

/** `cosign attest` wraps what is no JSON in an object with the text in `Data`. */
function contentOf({ predicate }: Statement): string {
  const text = isObject(predicate) ? member(predicate, 'Data') : undefined
  return typeof text === 'string' ? text : `${JSON.stringify(predicate, undefined, 2)}\n`
}

async function readBlob(
  { digest, size }: Pick<Descriptor, 'digest' | 'size'> & { readonly mediaType: string },
  { source, operation }: Reading,
): Promise<Uint8Array> {
  if (size > MAX_SBOM_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `${shortDigest(digest)} has ${size} bytes; at most ${MAX_SBOM_BYTES} are read`,
    )
  }
  await using body = await source.getBlob({ digest, size, mediaType: 'application/octet-stream' }, operation)
  const chunks: Uint8Array[] = []
  for await (const chunk of verifyBlob(body, { digest, size })) chunks.push(chunk.slice())
  return Buffer.concat(chunks)
}

function limits(digest: Digest): { readonly what: string; readonly maxBytes: number } {
  return { what: `the attachment ${shortDigest(digest)}`, maxBytes: MAX_SBOM_BYTES }
}

function invalid(digest: Digest, what: string, { reference }: ImageSource): ImageError {
  return new ImageError('INVALID_DATA', `the attachment ${shortDigest(digest)} ${what}`, {
    image: imageName(reference),
  })
}
