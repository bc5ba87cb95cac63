import { type Descriptor, type Digest, ImageError, type ManifestBytes, shortDigest } from '@crossdock/core'
import { type LayerEdit, needsDiffIds } from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import { type BlobCopier, createBlobCopier } from './blob-copier.ts'
import { checkDiffIds } from './check-diff-ids.ts'
import type { Learning } from './diff-id-body.ts'
import type { CountedEnds } from './ends.ts'
import { distinctBlobs, filesOf, type ManifestNode, manifestsOf } from './graph.ts'
import { changedChildren, type MadeManifest, makeManifest } from './make-manifest.ts'
import { blobsToMove, keepsConfig, type MovingBlob, type NodePlan } from './node-plan.ts'
import { onSide } from './operation.ts'
import type { Packing } from './packing.ts'
import type { Work } from './prepare.ts'
import { type Signing, signManifest } from './signing.ts'
import type { TaskGroup } from './task-group.ts'

/** So many manifests are signed, and their signatures written, at once. */
const SIGNED_AT_ONCE = 4

/** Writes the manifests of a graph, each after all that it reaches. */
export class GraphWriter {
  readonly #group: TaskGroup
  readonly #ends: CountedEnds
  readonly #work: Work
  readonly #copier: BlobCopier
  readonly #edits = new Map<Digest, LayerEdit>()
  readonly #diffIds = new Map<Digest, Digest>()
  readonly #written = new Map<ManifestNode, ManifestBytes>()

  constructor(group: TaskGroup, ends: CountedEnds, work: Work) {
    this.#group = group
    this.#ends = ends
    this.#work = work
    this.#copier = createBlobCopier(ends)
  }

  /** The group tells when all is done, and rethrows what fails. */
  start(): void {
    const moving = [...this.#work.plans].flatMap(blobsToMove)
    for (const move of moving.toSorted((a, b) => b.blob.size - a.blob.size)) this.#move(move).catch(ignore)
    this.#root().catch(ignore)
  }

  /** What a manifest has become. */
  writtenAs(node: ManifestNode): ManifestBytes {
    return this.#written.get(node) ?? node.manifest
  }

  #planOf(node: ManifestNode): NodePlan {
    const plan = this.#work.plans.get(node)
    if (plan === undefined) throw new TypeError(`there is no plan for the manifest ${node.manifest.digest}`)
    return plan
  }

  #root(): Promise<void> {
    const { top, referrers } = this.#work.graph
    const { destination, operation } = this.#ends
    return this.#group.once('root', async () => {
      await this.#reached(top)
      await this.#write(top, async (made) => {
        await this.#put(top, made, { instance: undefined })
        for (const referrer of referrers) await this.#child(referrer)
        // A referrer may be the very list that signatures are added to.
        await this.#signAll()
        // Some destinations say only here what they do not take.
        await this.#healed(() => this.#atDestination(() => destination.commit(operation)))
      })
    })
  }

  #child(node: ManifestNode): Promise<void> {
    return this.#group.once(`manifest ${node.manifest.digest}`, async () => {
      await this.#reached(node)
      await this.#write(node, (made) => this.#put(node, made, { instance: made.manifest.digest }))
    })
  }

  async #reached(node: ManifestNode): Promise<void> {
    const blobs = blobsToMove([node, this.#planOf(node)])
    await Promise.all([...blobs.map((blob) => this.#move(blob)), ...node.children.map((child) => this.#child(child))])
  }

  #move({ blob, packing, learning }: MovingBlob): Promise<void> {
    if (packing !== undefined) return this.#packed(blob, packing, learning)
    return learning === undefined ? this.#blob(blob) : this.#learnt(blob, learning)
  }

  #blob(blob: Descriptor): Promise<void> {
    return this.#group.once(blob.digest, () => this.#copier.copy(blob))
  }

  #learnt(layer: Descriptor, learning: Learning): Promise<void> {
    return this.#group.once(layer.digest, async () => {
      const diffId = await this.#copier.learn(layer, learning)
      if (diffId !== undefined) this.#diffIds.set(layer.digest, diffId)
    })
  }

  #packed(layer: Descriptor, packing: Packing, learning: Learning | undefined): Promise<void> {
    return this.#group.once(`${layer.digest} ${packing.format}`, async () => {
      const { edit, diffId } = await this.#copier.pack(layer, packing, learning)
      this.#edits.set(layer.digest, edit)
      if (diffId !== undefined) this.#diffIds.set(layer.digest, diffId)
    })
  }

  /** What the layers unpack to. Those that did not pass whole, since they were there already say, are read for it. */
  async #diffIdsOf(node: ManifestNode): Promise<ReadonlyMap<Digest, Digest>> {
    const layers = filesOf(node).filter(({ digest }) => !this.#diffIds.has(digest))
    const read = (layer: Descriptor): Promise<void> =>
      this.#group.once(`diff ID ${layer.digest}`, async () => {
        this.#diffIds.set(layer.digest, await this.#copier.read(layer))
      })
    await Promise.all(layers.map(read))
    return this.#diffIds
  }

  /** Under the first of its types that the destination takes. */
  async #write(node: ManifestNode, put: (made: MadeManifest) => Promise<void>): Promise<void> {
    let refusal: { readonly error: unknown } | undefined
    await this.#checkPacked(node)
    for (const to of this.#planOf(node).types) {
      try {
        const made = await this.#make(node, to)
        await put(made)
        this.#tell(node, made)
        return
      } catch (error) {
        if (!(error instanceof ImageError) || error.code !== 'UNSUPPORTED') throw error
        refusal ??= { error }
      }
    }
    throw refusal?.error
  }

  async #checkPacked(node: ManifestNode): Promise<void> {
    const { packings } = this.#planOf(node)
    const unpacked = new Map([...this.#diffIds].filter(([digest]) => packings.has(digest)))
    await checkDiffIds(node, unpacked, this.#ends)
  }

  async #make(node: ManifestNode, to: string): Promise<MadeManifest> {
    const { types, packings } = this.#planOf(node)
    const { made } = this.#work
    const ahead = made.get(node)
    const isAsPlanned = node.children.every(
      (child) => this.writtenAs(child).digest === made.get(child)?.manifest.digest,
    )
    if (ahead !== undefined && isAsPlanned && to === types[0]) return ahead
    const edits = new Map([...this.#edits].filter(([digest]) => packings.has(digest)))
    return await makeManifest(node, this.#ends, {
      to,
      edits,
      diffIds: needsDiffIds(node.manifest.mediaType, to) ? await this.#diffIdsOf(node) : new Map(),
      children: changedChildren(node, (child) => this.#written.get(child)),
    })
  }

  async #put(
    node: ManifestNode,
    made: MadeManifest,
    { instance }: { readonly instance: Digest | undefined },
  ): Promise<void> {
    const { destination, operation } = this.#ends
    const { mediaType } = made.manifest
    await Promise.all(made.blobs.map((blob) => this.#group.once(blob.descriptor.digest, () => this.#copier.put(blob))))
    if (node.parsed.kind === 'image' && keepsConfig(node, mediaType)) await this.#blob(node.parsed.config)
    for (const tag of instance === undefined ? [undefined] : this.#tagsOf(node)) {
      await this.#healed(() =>
        this.#atDestination(() => destination.putManifest(made.manifest, { ...operation, instance, tag })),
      )
    }
    this.#written.set(node, made.manifest)
  }

  /** The names by which a referrer is found; one that needs none is written once. */
  #tagsOf({ manifest }: ManifestNode): readonly (string | undefined)[] {
    return this.#work.graph.tags.get(manifest.digest) ?? [undefined]
  }

  async #signAll(): Promise<void> {
    const { graph, signing } = this.#work
    const { operation } = this.#ends
    const images = new Set(manifestsOf([graph.top]))
    const sign = (node: ManifestNode): Promise<void> =>
      this.#group.once(`signatures ${this.writtenAs(node).digest}`, () =>
        this.#sign(node, images.has(node) ? signing : undefined),
      )
    await runAll(manifestsOf([graph.top, ...graph.referrers]), sign, {
      concurrency: SIGNED_AT_ONCE,
      signal: operation.signal,
    })
  }

  /** The signatures that come along, then those that are made for what was written. */
  async #sign(node: ManifestNode, signing: Signing | undefined): Promise<void> {
    const { destination, operation, tally } = this.#ends
    const manifest = this.writtenAs(node)
    const made = signing === undefined ? [] : await signManifest(manifest, signing, this.#ends)
    const signatures = [...node.signatures, ...made]
    if (signatures.length === 0) return
    const instance = node === this.#work.graph.top ? undefined : manifest.digest
    await this.#atDestination(async () => destination.putSignatures?.(signatures, instance, operation))
    tally.signed({ carried: node.signatures.length, made: made.length })
    operation.onProgress({ type: 'signatures', count: signatures.length })
  }

  /** Says that a manifest is there, and what has become of one that did not stay as it was. */
  #tell({ manifest }: ManifestNode, { manifest: now, lost }: MadeManifest): void {
    const { onProgress } = this.#ends.operation
    onProgress({ type: 'manifest', digest: now.digest, mediaType: now.mediaType, size: now.bytes.byteLength })
    if (now.mediaType === manifest.mediaType && lost.length === 0) return
    const loss = lost.length === 0 ? '' : `; it lost ${lost.join('; ')}`
    const message = `the manifest ${shortDigest(manifest.digest)} of type ${manifest.mediaType} was written as ${now.mediaType}${loss}`
    onProgress({ type: 'note', level: 'warning', message })
  }

  #atDestination(call: () => Promise<void>): Promise<void> {
    const { destination, operation } = this.#ends
    return onSide('destination', destination.reference, call, operation.signal)
  }

  /**
   * A destination may have said "it is here" of content that it has lost since (pull-through caches do). What it then names
   * as missing is sent again, once.
   */
  async #healed(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      const missing = error instanceof ImageError ? new Set(error.missing) : new Set<Digest>()
      const { top, referrers } = this.#work.graph
      const blobs = distinctBlobs([top, ...referrers]).filter(({ digest }) => missing.has(digest))
      const manifests = [...this.#written.values()].filter(({ digest }) => missing.has(digest))
      if (blobs.length + manifests.length === 0) throw error
      await Promise.all(blobs.map((lost) => this.#copier.copy(lost, { again: true })))
      for (const lost of manifests) await this.#putAgain(lost)
      await write()
    }
  }

  #putAgain(manifest: ManifestBytes): Promise<void> {
    const { destination, operation } = this.#ends
    return this.#atDestination(() => destination.putManifest(manifest, { ...operation, instance: manifest.digest }))
  }
}

function ignore(): void {}
