import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  type OperationOptions,
  shortDigest,
} from '@crossdock/core'
import {
  type ImageIndex,
  IN_TOTO,
  isAttestation,
  isObject,
  member,
  parseJsonToRewrite,
  parseManifest,
} from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import { aboutDigest } from './merge-index.ts'

/** What an attestation says. */
export interface Statement {
  readonly predicateType: string
  readonly predicate: unknown
}

export interface SbomOptions extends OperationOptions {
  /** Which statements are wanted. Default: SPDX. */
  readonly predicateTypes?: readonly string[] | undefined
}

const SPDX = 'https://spdx.dev/Document'
const PREDICATE_TYPE = 'in-toto.io/predicate-type'
const MAX_STATEMENT_BYTES = 128 * 1024 * 1024

/**
 * The bills of materials that the builder put into an index beside an image; none if there are none. Throws `INVALID_DATA` for two
 * attestations of one image, and for a statement of another type than is said of it.
 */
export async function builderSboms(
  source: ImageSource,
  { index, image }: { readonly index: ImageIndex; readonly image: Digest },
  { predicateTypes = [SPDX], ...operation }: SbomOptions = {},
): Promise<readonly Statement[]> {
  const [attestation, ...others] = index.manifests.filter(
    (entry) => isAttestation(entry) && aboutDigest(entry) === image,
  )
  if (attestation === undefined) return []
  if (others.length > 0)
    throw new ImageError('INVALID_DATA', `the index has ${others.length + 1} attestations of ${shortDigest(image)}`)
  const manifest = parseManifest(await source.getManifest(attestation.digest, operation), { descriptor: attestation })
  const layers = manifest.kind === 'image' ? manifest.layers : []
  const statements: Statement[] = []
  for (const layer of layers) {
    const type = layer.annotations?.[PREDICATE_TYPE]
    if (layer.mediaType !== IN_TOTO || type === undefined || !predicateTypes.includes(type)) continue
    statements.push(await readStatement(source, layer, { ...operation, type }))
  }
  return statements
}

async function readStatement(
  source: ImageSource,
  layer: Descriptor,
  { type, ...operation }: OperationOptions & { readonly type: string },
): Promise<Statement> {
  const what = `the statement ${shortDigest(layer.digest)}`
  if (layer.size > MAX_STATEMENT_BYTES)
    throw new ImageError('LIMIT_EXCEEDED', `${what} has ${layer.size} bytes; at most ${MAX_STATEMENT_BYTES} are read`)
  await using body = await source.getBlob(layer, operation)
  const bytes = await readVerified(body, layer, { limitBytes: MAX_STATEMENT_BYTES, what })
  const document = parseJsonToRewrite(bytes, { what, maxBytes: MAX_STATEMENT_BYTES })
  const predicateType = isObject(document) ? member(document, 'predicateType') : undefined
  if (!isObject(document) || predicateType !== type)
    throw new ImageError('INVALID_DATA', `${what} is of another type than "${type}", which is said of it`)
  return { predicateType: type, predicate: member(document, 'predicate') }
}
