import type { Digest } from '@crossdock/core'
import type { BlobPaths } from '@crossdock/blob-files'
import { digestsOfKeys, type SubjectKey, subjectKey } from './attached-names.ts'
import { documentEdges } from './document-edges.ts'
import { readDocumentSync } from './read-document.ts'
import {
  appendTo,
  type AttachedImage,
  createReferenceGraph,
  imageKey,
  type KeptNode,
  type ReferenceGraph,
  type Referring,
} from './reference-graph.ts'
import type { ImageNode, Snapshot } from './snapshot.ts'

/** Why a blob stays. */
export type Keeper = 'image' | 'lease' | 'label' | 'index' | 'ingest' | 'referrer'

/** A blob that is to stay, with all that it leads to. */
export interface Root {
  readonly digest: Digest
  readonly keeper: Keeper
}

/** What is needed: found by following what roots lead to, a piece at a time. */
export interface Marks {
  /** Roots and references of the database, instead of those of an earlier snapshot. What was marked stays so. */
  load(snapshot: Snapshot): void
  add(roots: readonly Root[]): void
  /** Manifests that refer to others stay with them. */
  addReferrers(referrers: ReadonlyMap<Digest, readonly Digest[]>): void
  /** Says which other images that are attached to something are needed, whether or not that is. */
  keepAttached(isKept: (image: AttachedImage) => boolean): void
  /** To what images are attached that nothing keeps with all that they lead to. */
  unkeptSubjects(): ReadonlySet<SubjectKey>
  /** What was not there may have come. */
  lookForMissing(): void
  /** Goes on for so many milliseconds, or to the end; true if that is reached. Throws `IO` for a manifest that cannot be read. */
  run(ms?: number): boolean
  /** One image and what it leads to, whether or not its time is over. */
  addImage(image: Pick<ImageNode, 'namespace' | 'name'>): void
  /** What the documents that were read refer to: by subject those that do. */
  readonly subjects: ReadonlyMap<Digest, readonly Digest[]>
  /** Blobs that stay without what they lead to. */
  readonly flat: ReadonlySet<Digest>
  keeperOf(digest: Digest): Keeper | undefined
  hasImage(image: Pick<ImageNode, 'namespace' | 'name'>): boolean
}

interface Step extends Root {
  /** Nothing that it leads to is kept by it. */
  readonly isFlat: boolean
  /** Whether its bytes may list others. */
  readonly mayBeDocument: boolean
}

/** Between two looks at the clock. */
const STEPS_AT_ONCE = 16

/** What is known on the way. */
interface Walk extends Pick<BlobPaths, 'pathOf'> {
  readonly onMarked: (digest: Digest) => void
  /** What is to be visited; the last comes first. */
  readonly steps: Step[]
  readonly keepers: Map<Digest, Keeper>
  /** Those of them that keep nothing. */
  readonly flat: Set<Digest>
  readonly readDocuments: Set<Digest>
  readonly subjects: Map<Digest, Digest[]>
  /** Documents that were not there. */
  readonly missing: Map<Digest, Keeper>
  /** Images and content whose references were followed. */
  readonly followed: Set<string>
  readonly images: Set<string>
  graph: ReferenceGraph
  referrersOf: ReadonlyMap<Digest, readonly Digest[]>
  isAttachedKept: (image: AttachedImage) => boolean
}

export interface MarksOptions extends Pick<BlobPaths, 'pathOf'> {
  /** Is told of each blob that turns out to be needed. */
  readonly onMarked?: ((digest: Digest) => void) | undefined
}

export function createMarks({ pathOf, onMarked = () => undefined }: MarksOptions): Marks {
  const walk: Walk = {
    pathOf,
    onMarked,
    steps: [],
    keepers: new Map(),
    flat: new Set(),
    readDocuments: new Set(),
    subjects: new Map(),
    missing: new Map(),
    followed: new Set(),
    images: new Set(),
    graph: createReferenceGraph(),
    referrersOf: new Map(),
    isAttachedKept: () => false,
  }
  const { steps, keepers, missing, followed, images } = walk
  return {
    load(snapshot) {
      const graph = (walk.graph = createReferenceGraph(snapshot))
      followed.clear() // there may be other references now
      const subjects = digestsOfKeys(graph.attached, keepers.keys())
      for (const digest of [...graph.content.keys(), ...graph.keptByContent.keys(), ...subjects])
        if (isFollowed(walk, digest)) push(walk, digest, 'label', { mayBeDocument: false })
      pushRoots(walk, snapshot)
    },
    add(roots) {
      for (const { digest, keeper } of roots) push(walk, digest, keeper)
    },
    addReferrers(referrers) {
      walk.referrersOf = referrers
      for (const [subject, all] of referrers)
        if (isFollowed(walk, subject)) for (const one of all) push(walk, one, 'referrer')
    },
    keepAttached(isKept) {
      const isKeptAnyway = walk.isAttachedKept
      walk.isAttachedKept = (image) => isKeptAnyway(image) || isKept(image)
      pushAttached(walk)
    },
    unkeptSubjects: () => unkeptSubjects(walk),
    addImage: (image) => pushImage(walk, imageKey(image), 'image'),
    subjects: walk.subjects,
    flat: walk.flat,
    lookForMissing() {
      for (const [digest, keeper] of missing) push(walk, digest, keeper)
    },
    run(ms = Infinity) {
      const began = performance.now()
      for (let done = 1; ; done += 1) {
        const step = steps.pop()
        if (step === undefined) return true
        visit(walk, step)
        if (done % STEPS_AT_ONCE === 0 && performance.now() - began >= ms) return false
      }
    },
    keeperOf: (digest) => keepers.get(digest),
    hasImage: (image) => images.has(imageKey(image)),
  }
}

/** What an image needs comes first: it is kept by the image, whatever else keeps it. */
function pushRoots(walk: Walk, { content, leases, images }: Snapshot): void {
  for (const { digest, references } of content) if (references.isRoot) push(walk, digest, 'label')
  for (const lease of leases.filter(({ isExpired }) => !isExpired)) {
    const { namespace, isFlat } = lease
    for (const digest of lease.content) push(walk, digest, 'lease', { isFlat })
    for (const name of lease.images) pushImage(walk, imageKey({ namespace, name }), 'lease', isFlat)
  }
  for (const image of images)
    if (!image.isExpired && image.subject === undefined) pushImage(walk, imageKey(image), 'image')
  pushAttached(walk)
}

function pushAttached(walk: Walk): void {
  for (const attached of walk.graph.attached.values())
    for (const image of attached) if (walk.isAttachedKept(image)) pushImage(walk, imageKey(image), 'image')
}

/** An image that is kept without what it leads to does not count. */
function unkeptSubjects({ graph, followed }: Walk): ReadonlySet<SubjectKey> {
  const unkept = [...graph.attached.values()].flat().filter((image) => !followed.has(imageKey(image)))
  return new Set(unkept.map(({ subject }) => subject))
}

function push({ steps }: Walk, digest: Digest, keeper: Keeper, { isFlat = false, mayBeDocument = true } = {}): void {
  steps.push({ digest, keeper, isFlat, mayBeDocument })
}

function pushImage(walk: Walk, key: string, keeper: Keeper, isFlat = false): void {
  const { graph, images, followed } = walk
  const image = graph.images.get(key)
  if (image === undefined) return
  images.add(key)
  push(walk, image.target, keeper, { isFlat })
  if (isFlat || followed.has(key)) return
  followed.add(key)
  pushReferences(walk, image, keeper)
  pushKept(walk, graph.keptByImage.get(key))
}

function pushReferences(walk: Walk, { namespace, references }: Referring, keeper: Keeper): void {
  for (const digest of references?.content ?? []) push(walk, digest, keeper)
  for (const name of references?.images ?? []) pushImage(walk, imageKey({ namespace, name }), keeper)
}

function pushKept(walk: Walk, nodes: readonly KeptNode[] = []): void {
  for (const node of nodes) {
    if ('digest' in node) push(walk, node.digest, 'label')
    else pushImage(walk, imageKey(node), 'label')
  }
}

/** Whether what it leads to is needed, too. */
function isFollowed({ keepers, flat }: Walk, digest: Digest): boolean {
  return keepers.has(digest) && !flat.has(digest)
}

function visit(walk: Walk, { digest, keeper, isFlat, mayBeDocument }: Step): void {
  const { keepers, flat } = walk
  if (isFlat && !keepers.has(digest)) flat.add(digest)
  if (!keepers.has(digest)) {
    keepers.set(digest, keeper)
    walk.onMarked(digest)
  }
  if (isFlat) return
  flat.delete(digest)
  followRecords(walk, digest)
  if (mayBeDocument && !walk.readDocuments.has(digest)) followDocument(walk, digest, keeper)
}

/** What the database says of content, what refers to it, and what is attached to it. */
function followRecords(walk: Walk, digest: Digest): void {
  const { graph, followed, referrersOf } = walk
  const labelled = graph.content.get(digest)
  const kept = graph.keptByContent.get(digest)
  const referrers = referrersOf.get(digest)
  const attached = graph.attached.size === 0 ? undefined : graph.attached.get(subjectKey(digest))
  if ((labelled ?? kept ?? referrers ?? attached) === undefined || followed.has(digest)) return
  followed.add(digest)
  for (const node of labelled ?? []) pushReferences(walk, node, 'label')
  pushKept(walk, kept)
  for (const referrer of referrers ?? []) push(walk, referrer, 'referrer')
  for (const image of attached ?? []) pushImage(walk, imageKey(image), 'referrer')
}

function followDocument(walk: Walk, digest: Digest, keeper: Keeper): void {
  const { missing, readDocuments, pathOf } = walk
  const bytes = readDocumentSync(pathOf(digest))
  if (bytes === 'missing') {
    missing.set(digest, keeper)
    return
  }
  readDocuments.add(digest)
  missing.delete(digest)
  if (bytes === 'other') return
  const { documents, blobs, subject } = documentEdges(bytes)
  if (subject !== undefined) appendTo(walk.subjects, subject, digest)
  for (const below of documents) push(walk, below, keeper)
  for (const below of blobs) push(walk, below, keeper, { mayBeDocument: false })
}
