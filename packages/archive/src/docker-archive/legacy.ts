import { type Digest, digestEncoded, digestOf, type DockerReference, repositoryName } from '@crossdock/core'
import { isObject, layerCompression, member, parseJsonDocument } from '@crossdock/formats'
import type { SmallMember } from '../image-archive/member-writer.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'

/** What every member has in common. */
export const ATTRIBUTES: Pick<TarHeaderInput, 'mode' | 'uid' | 'gid' | 'mtime'> = Object.freeze({
  mode: 0o444,
  uid: 0,
  gid: 0,
  mtime: 0,
})

/** The member that a layer becomes, without its size. There are readers that go by how its name ends. */
export function layerHeader(digest: Digest, mediaType = ''): TarHeaderInput {
  const ending = layerCompression(mediaType) === 'gzip' ? '.tar.gz' : '.tar'
  return { ...ATTRIBUTES, path: `${digestEncoded(digest)}${ending}` }
}

/** What the top layer's `json` takes from the image's config; null where that has nothing. */
const OF_CONFIG = ['architecture', 'config', 'container', 'container_config', 'created', 'docker_version', 'os']

export interface LegacyOptions {
  /** The members that are its layers, from the base up. */
  readonly layers: readonly string[]
  readonly diffIds: readonly Digest[]
  readonly config: Uint8Array
  readonly name: DockerReference | undefined
}

/** What the archive holds for programs from before `manifest.json`: a folder for each layer, and who is named by what. */
export interface LegacyMembers {
  readonly folders: readonly SmallMember[]
  readonly repositories: SmallMember
}

/** The form of Docker's image specification 1.0: each layer has an ID of its own and names its parent. */
export function legacyMembers({ layers, diffIds, config, name }: LegacyOptions): LegacyMembers {
  const folders: SmallMember[] = []
  let chain: Digest | undefined
  let parent: string | undefined
  for (const [place, layer] of layers.entries()) {
    const diffId = diffIds[place]
    chain = chain === undefined ? diffId : digestOf(encode(`${chain} ${diffId}`))
    const own = place === layers.length - 1 ? ofConfig(config) : {}
    const id = layerId({ ...own, layer_id: chain, ...(parent !== undefined && { parent }) })
    folders.push(...folderOf(id, layer, { ...own, id, ...(parent !== undefined && { parent }) }))
    parent = id
  }
  const named =
    name === undefined || parent === undefined ? {} : { [repositoryName(name)]: { [name.tag ?? '']: parent } }
  return { folders, repositories: jsonMember('repositories', named) }
}

function ofConfig(config: Uint8Array): Readonly<Record<string, unknown>> {
  const document = parseJsonDocument(config, { what: 'image config', maxBytes: config.byteLength })
  return Object.fromEntries(OF_CONFIG.map((key) => [key, isObject(document) ? (member(document, key) ?? null) : null]))
}

/** The digest of what distinguishes the layer, as Docker computes it. */
function layerId(facts: Readonly<Record<string, unknown>>): string {
  return digestEncoded(digestOf(encode(JSON.stringify(sorted(facts)))))
}

function folderOf(id: string, layer: string, json: Readonly<Record<string, unknown>>): readonly SmallMember[] {
  const link: TarHeaderInput = {
    ...ATTRIBUTES,
    path: `${id}/layer.tar`,
    type: 'symlink',
    linkName: `../${layer}`,
  }
  return [
    { header: link, content: new Uint8Array(0) },
    { header: { ...ATTRIBUTES, path: `${id}/VERSION` }, content: encode('1.0') },
    jsonMember(`${id}/json`, sorted(json)),
  ]
}

/** A member that holds a JSON document. */
export function jsonMember(path: string, document: unknown): SmallMember {
  return { header: { ...ATTRIBUTES, path }, content: encode(JSON.stringify(document)) }
}

function sorted(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
