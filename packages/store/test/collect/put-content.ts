import { type Descriptor, digestOf } from '@crossdock/core'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_TAR, OCI_MANIFEST } from '@crossdock/formats'
import type { Labels } from '../../src/labels.ts'
import type { Store } from '../../src/store.ts'

/** Brings bytes in as a blob. */
export async function putBytes(
  store: Store,
  bytes: Uint8Array,
  mediaType: string,
  labels?: Labels,
): Promise<Descriptor> {
  const digest = digestOf(bytes)
  await using ingest = await store.content.ingest({ ref: `put-${digest}` })
  await ingest.write(bytes)
  await ingest.commit({ digest, labels })
  return { mediaType, digest, size: bytes.byteLength }
}

export async function putLayer(store: Store, text: string, labels?: Labels): Promise<Descriptor> {
  return await putBytes(store, new TextEncoder().encode(`layer ${text}`), OCI_LAYER_TAR, labels)
}

async function putJson(store: Store, document: object, mediaType: string, labels?: Labels): Promise<Descriptor> {
  return await putBytes(
    store,
    new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, ...document })),
    mediaType,
    labels,
  )
}

export interface ManifestContent {
  readonly name: string
  readonly layers?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly labels?: Labels
}

/** A manifest with a config of its own; the config comes with it. */
export async function putManifest(
  store: Store,
  { name, layers = [], subject, labels }: ManifestContent,
): Promise<Descriptor> {
  const config = await putBytes(store, new TextEncoder().encode(JSON.stringify({ config: name })), OCI_CONFIG)
  return await putJson(store, { config, layers, ...(subject && { subject }) }, OCI_MANIFEST, labels)
}

export async function putIndex(store: Store, manifests: readonly Descriptor[], labels?: Labels): Promise<Descriptor> {
  return await putJson(store, { manifests }, OCI_INDEX, labels)
}
