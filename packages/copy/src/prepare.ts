import {
  type Descriptor,
  type ImageDestination,
  ImageError,
  imageName,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  shortDigest,
} from '@crossdock/core'
import { type ImageGraph, loadGraph, manifestsOf } from './graph.ts'
import { judgeTop } from './judge.ts'
import { noteLeftBehind } from './left-behind.ts'
import { type MadeAhead, makeAhead } from './make-manifest.ts'
import { type NodePlans, planNodes } from './node-plan.ts'
import { type Operation, onSide } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
import { chooseRoot, type Root } from './root.ts'
import { checkPlaces, type Signing, signingFor } from './signing.ts'
import { checkSystems } from './systems.ts'

/** What is known before the first blob: the judged root, and all that hangs on it. */
export interface Preparation {
  readonly root: Root
  /** Undefined if the destination already has everything, under its name. */
  readonly work: Work | undefined
}

/** All that is to be written, and as what. */
export interface Work extends MadeAhead {
  readonly graph: ImageGraph
  readonly plans: NodePlans
  /** Undefined if nobody signs what is written. */
  readonly signing: Signing | undefined
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Policy first, then the root, then whether there is anything to do, then the graph. */
export async function prepareCopy(
  source: ImageSource,
  destination: ImageDestination,
  settings: Settings,
): Promise<Preparation> {
  const { options } = settings
  const signing = signingFor(destination.reference, options)
  checkPlaces([], { signing, destination })
  const root = await chooseRoot(source, await judgeTop(source, settings), settings)
  checkDestination(destination, root.manifest)
  checkKeepsSource(source, destination, root)
  const staysAsItIs = options.format === undefined && options.layers === undefined
  if (staysAsItIs && (await isUpToDate(destination, root, settings))) return { root, work: undefined }
  const graph = await loadGraph(source, root, settings)
  const ends = { source, destination, ...settings }
  await checkSystems(graph, ends)
  const plans = planNodes(graph, ends)
  const ahead = await makeAhead(plans, ends)
  const manifest = ahead.made.get(graph.top)?.manifest
  if (manifest !== undefined && !staysAsItIs && (await isUpToDate(destination, { ...root, manifest }, settings))) {
    return { root: { ...root, manifest }, work: undefined }
  }
  checkPlaces(manifestsOf([graph.top, ...graph.referrers]), { signing, destination })
  await noteLeftBehind(root, graph, { source, ...settings })
  return { root, work: { graph, plans, signing, ...ahead } }
}

async function isUpToDate(
  destination: ImageDestination,
  { image, manifest, members }: Root,
  { options, operation }: Settings,
): Promise<boolean> {
  // Of a sparse index the destination cannot know which instances are wanted, nor which referrers there are.
  if (members !== undefined || options.referrers) return false
  // A signature that is asked for is made, whatever is there.
  if (options.signers.length > 0) return false
  // Nor whether its signatures are these.
  if (options.signatures === 'copy' && destination.putSignatures !== undefined) {
    const read = () => image.signatures(operation)
    if ((await onSide('source', image.reference, read, operation.signal)).length > 0) return false
  }
  const look = async (): Promise<boolean> =>
    (await destination.hasManifest?.(manifestDescriptor(manifest), operation)) ?? false
  return onSide('destination', destination.reference, look, operation.signal)
}

function manifestDescriptor({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}

function checkDestination(destination: ImageDestination, manifest: ManifestBytes): void {
  const pinned = destination.reference.dockerReference?.digest
  if (pinned !== undefined && pinned !== manifest.digest) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the destination is named by ${pinned}, but the image to be written is ${manifest.digest}: name it by tag, or copy that image`,
      { side: 'destination', image: imageName(destination.reference) },
    )
  }
}

/** A name that is source and destination at once must not lose what it stands for to the choice of a platform. */
function checkKeepsSource(source: ImageSource, destination: ImageDestination, { manifest, sourceDigest }: Root): void {
  if (manifest.digest === sourceDigest || !isSamePlace(source.reference, destination.reference)) return
  const name = imageName(destination.reference)
  throw new ImageError(
    'CONFLICT',
    `${name} is source and destination, and would stand for ${shortDigest(manifest.digest)} instead of the index ` +
      `${shortDigest(sourceDigest)}, of which other platforms would be lost: copy all platforms, or to another name`,
    { side: 'destination', image: name },
  )
}

/** A path may be written in several ways, and its identity is the same; the name behind it is written in one. */
function isSamePlace(one: ImageReference, other: ImageReference): boolean {
  if (one.transport.name !== other.transport.name || one.service !== other.service) return false
  const [text, otherText] = [one.toString(), other.toString()]
  if (text === otherText) return true
  if (one.policy === undefined || one.policy.identity !== other.policy?.identity) return false
  return nameBehindPath(text) === nameBehindPath(otherText)
}

/** Empty if there is none: what follows a drive letter is a path. */
function nameBehindPath(text: string): string {
  const [, name = ''] = /:([^:\\/][^:]*)$/.exec(text) ?? []
  return name
}
