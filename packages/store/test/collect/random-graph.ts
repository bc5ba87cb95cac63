import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Descriptor, digestEncoded, digestOf } from '@crossdock/core'
import { attachedNames, OCI_INDEX, OCI_LAYER_TAR, OCI_MANIFEST } from '@crossdock/formats'
import * as fc from 'fast-check'
import type { Store } from '../../src/store.ts'

/** Other nodes or images by their places, counted round. */
type Places = readonly number[]

export interface GraphNode {
  readonly kind: 'layer' | 'manifest' | 'index'
  /** Earlier nodes. */
  readonly below: Places
  /** An earlier node. */
  readonly subject: number | undefined
  readonly refs: Places
  readonly keptBy: Places
  readonly isRoot: boolean
  readonly isMissing: boolean
}

export interface GraphImage {
  readonly target: number
  readonly expiry: 'none' | 'past' | 'future'
  /** The node to whose digest its name attaches it. */
  readonly subject: number | undefined
  readonly refs: Places
  readonly images: Places
  readonly keptByImages: Places
  readonly keptByContent: Places
}

export interface GraphLease {
  readonly isExpired: boolean
  readonly isFlat: boolean
  readonly content: Places
  readonly images: Places
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly images: readonly GraphImage[]
  readonly leases: readonly GraphLease[]
  /** Entries of `index.json` without a name. */
  readonly entries: Places
}

const place = fc.nat(30)
const few = fc.array(place, { maxLength: 2 })

function rarely<Value>(value: fc.Arbitrary<Value>, otherwise: Value): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary: value })
}

export const graphs: fc.Arbitrary<Graph> = fc.record({
  nodes: fc.array(
    fc.record({
      kind: fc.constantFrom('layer', 'manifest', 'index'),
      below: fc.array(place, { maxLength: 3 }),
      subject: rarely<number | undefined>(place, undefined),
      refs: rarely<Places>(few, []),
      keptBy: rarely<Places>(few, []),
      isRoot: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
      isMissing: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    }),
    { minLength: 1, maxLength: 16 },
  ),
  images: fc.array(
    fc.record({
      target: place,
      expiry: fc.constantFrom('none', 'past', 'future'),
      subject: fc.option(place, { nil: undefined }),
      refs: rarely<Places>(few, []),
      images: rarely<Places>(few, []),
      keptByImages: rarely<Places>(few, []),
      keptByContent: rarely<Places>(few, []),
    }),
    { maxLength: 4 },
  ),
  leases: fc.array(fc.record({ isExpired: fc.boolean(), isFlat: fc.boolean(), content: few, images: few }), {
    maxLength: 2,
  }),
  entries: rarely<Places>(few, []),
})

/** The places that there are, each once. */
export function placesIn(places: Places, length: number): Places {
  return length === 0 ? [] : [...new Set(places.map((one) => one % length))]
}

/** Those before this node that it lists. */
export function below({ nodes }: Graph, number: number): Places {
  return placesIn(nodes[number]?.below ?? [], number)
}

export function subjectOf({ nodes }: Graph, number: number): number | undefined {
  const node = nodes[number]
  return node === undefined || node.kind === 'layer' || node.subject === undefined
    ? undefined
    : placesIn([node.subject], number)[0]
}

/** There are no more images than ways to attach one. */
export function imageNames(graph: Graph): readonly string[] {
  const documents = documentsOf(graph)
  return graph.images.map(({ subject }, number) => {
    const attached = subject === undefined ? undefined : documents[subject % documents.length]?.descriptor.digest
    return (attached && attachedNames(attached)[number]) ?? `image ${number}`
  })
}

/** The nodes' documents, in order: a document lists the digests of earlier ones. */
function documentsOf(graph: Graph): readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[] {
  const made: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[] = []
  for (const [number, { kind }] of graph.nodes.entries()) {
    const children = below(graph, number).map((one) => made[one]?.descriptor)
    const subject = made[subjectOf(graph, number) ?? -1]?.descriptor
    const list = kind === 'index' ? { manifests: children } : { layers: children }
    const document = { schemaVersion: 2, ...list, ...(subject && { subject }), annotations: { number: String(number) } }
    const text = kind === 'layer' ? `layer ${number}` : JSON.stringify(document)
    const bytes = new TextEncoder().encode(text)
    const mediaType = { layer: OCI_LAYER_TAR, manifest: OCI_MANIFEST, index: OCI_INDEX }[kind]
    made.push({ bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } })
  }
  return made
}

const PREFIX = 'containerd.io/gc.'
const EXPIRIES = { none: undefined, past: '2001-01-01T00:00:00Z', future: '2999-01-01T00:00:00Z' }

function numbered(kind: string, values: readonly (string | undefined)[]): Record<string, string> {
  return Object.fromEntries(values.map((value, number) => [`${PREFIX}${kind}.${number}`, value ?? '']))
}

/** Makes all of it in a store; returns what the nodes are called. */
export async function buildGraph(store: Store, graph: Graph): Promise<readonly Descriptor[]> {
  const documents = documentsOf(graph)
  const blobs = join(store.folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const digests = (places: Places): readonly (string | undefined)[] =>
    placesIn(places, documents.length).map((one) => documents[one]?.descriptor.digest)
  const allNames = imageNames(graph)
  const names = (places: Places): readonly string[] =>
    placesIn(places, allNames.length).map((one) => allNames[one] ?? '')
  for (const [number, { descriptor, bytes }] of documents.entries()) {
    const { refs = [], keptBy = [], isRoot = false, isMissing = false } = graph.nodes[number] ?? {}
    if (isMissing) continue
    await writeFile(join(blobs, digestEncoded(descriptor.digest)), bytes)
    const labels = {
      ...numbered('ref.content', digests(refs)),
      ...numbered('bref.content', digests(keptBy)),
      ...(isRoot && { [`${PREFIX}root`]: 'yes' }),
    }
    if (Object.keys(labels).length > 0) await store.content.update(descriptor.digest, labels)
  }
  for (const [number, image] of graph.images.entries()) {
    const target = documents[image.target % documents.length]?.descriptor
    if (target === undefined) continue
    const labels = imageLabels(image, { digests, names })
    await store.images.create({ name: allNames[number] ?? '', target, labels })
  }
  for (const lease of graph.leases)
    await buildLease(store, lease, { content: digests(lease.content), images: names(lease.images) })
  await addEntries(
    store,
    placesIn(graph.entries, documents.length).map((one) => documents[one]?.descriptor),
  )
  return documents.map(({ descriptor }) => descriptor)
}

interface Named {
  digests(places: Places): readonly (string | undefined)[]
  names(places: Places): readonly string[]
}

function imageLabels(image: GraphImage, { digests, names }: Named): Record<string, string> {
  const expiry = EXPIRIES[image.expiry]
  return {
    ...numbered('ref.content', digests(image.refs)),
    ...numbered('ref.image', names(image.images)),
    ...numbered('bref.image', names(image.keptByImages)),
    ...numbered('bref.content', digests(image.keptByContent)),
    ...(expiry !== undefined && { [`${PREFIX}expire`]: expiry }),
  }
}

interface Leased {
  readonly content: readonly (string | undefined)[]
  readonly images: readonly string[]
}

async function buildLease(store: Store, { isExpired, isFlat }: GraphLease, { content, images }: Leased): Promise<void> {
  const labels = isExpired ? { [`${PREFIX}expire`]: EXPIRIES.past } : {}
  const lease = await store.leases.create({ flat: isFlat, labels })
  for (const id of content) if (id !== undefined) await store.leases.add(lease.id, { kind: 'content', id })
  for (const id of images) await store.leases.add(lease.id, { kind: 'image', id })
}

async function addEntries(store: Store, entries: readonly (Descriptor | undefined)[]): Promise<void> {
  if (entries.length === 0 || (await store.images.list()).length > 0) return // else it would have to be edited
  await writeFile(join(store.folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }))
}
