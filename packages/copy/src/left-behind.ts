import { type Digest, imageName, quoteForeign, shortDigest } from '@crossdock/core'
import { isAttestation } from '@crossdock/formats'
import type { Ends } from './ends.ts'
import type { ImageGraph } from './graph.ts'
import { onSide } from './operation.ts'
import { referrersOf } from './referrers.ts'
import type { Root } from './root.ts'

/** The annotation by which an attestation in an index names the image that it is about (Docker's builder). */
const ABOUT = 'vnd.docker.reference.digest'

/** Says what belongs to an index that is not copied as it is, and so does not come along. Nothing is left behind in silence. */
export async function noteLeftBehind(
  root: Root,
  graph: ImageGraph,
  ends: Pick<Ends, 'source' | 'options' | 'operation'>,
): Promise<void> {
  const { index } = root
  if (index === undefined) return
  const { source, options, operation } = ends
  const name = `the index ${shortDigest(index.manifest.digest)} of ${quoteForeign(imageName(source.reference))}`
  const warn = (message: string): void => operation.onProgress({ type: 'note', level: 'warning', message })
  if (options.signatures === 'copy' && graph.top.signatures.length === 0) {
    const read = () => index.image.signatures(operation)
    const signatures = await onSide('source', source.reference, read, operation.signal)
    if (signatures.length > 0) {
      warn(
        `${name} is signed, and what is copied of it is not: its signatures stay behind; copy all platforms to keep them`,
      )
    }
  }
  if (!options.referrers) return
  const left = (await referrersOf(index.manifest.digest, ends, operation)).length
  if (left > 0) warn(`${left} that refer to ${name} stay behind; copy all platforms to keep them`)
  const attestations = attestationsOf(root, index).length
  if (attestations > 0) {
    warn(
      `${attestations} in ${name} that say something about the image stay behind; copy its platform as an index to keep them`,
    )
  }
}

function attestationsOf(root: Root, { parsed }: NonNullable<Root['index']>): readonly Digest[] {
  if (parsed.kind !== 'index' || root.parsed.kind === 'index') return []
  return parsed.manifests
    .filter((entry) => isAttestation(entry) && entry.annotations?.[ABOUT] === root.manifest.digest)
    .map(({ digest }) => digest)
}
