import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Digest } from '@crossdock/core'
import { testImage, type TestImage, type TestImageOptions } from '@crossdock/transport-testkit'
import { temporaryFolder } from './temporary-folder.ts'

/** A member as it is to stand in an archive, whatever it is: nothing is checked. */
export interface RawMember {
  readonly path: string
  readonly content?: Uint8Array | string
  /** The letter of its kind. Default: `0`, a file. */
  readonly kind?: string
  readonly link?: string
  /** What the header says in place of the content's size. */
  readonly size?: string
}

/** A tar archive of these members (POSIX.1-1988, ustar). */
export function tarOf(members: readonly RawMember[]): Buffer {
  return Buffer.concat([...members.map(encode), Buffer.alloc(1024)])
}

function encode({ path, content = '', kind = '0', link = '', size }: RawMember): Buffer {
  const bytes = Buffer.from(content)
  const block = Buffer.alloc(512)
  block.write(path, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0'.repeat(2), 108)
  block.write(size ?? `${bytes.byteLength.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write(' '.repeat(8), 148)
  block.write(kind, 156)
  block.write(link, 157, 100)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)])
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

export const readFixture = (name: string): Promise<Buffer> => readFile(fixture(name))

/** Writes bytes to a file of its own. */
export async function fileOf(bytes: Uint8Array, name = 'archive.tar'): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, bytes)
  return path
}

/** An image as Docker saves it, and its members by what they are. */
export interface SavedImage {
  readonly image: TestImage
  readonly config: RawMember
  readonly layers: readonly RawMember[]
  /** Its entry in manifest.json. */
  readonly entry: Readonly<Record<string, unknown>>
}

export function savedImage(options: TestImageOptions & { readonly tags?: readonly string[] | null } = {}): SavedImage {
  const image = testImage({ format: 'docker', ...options })
  const [config, ...layers] = image.blobs
  const configMember = { path: `${hexOf(config!.descriptor.digest)}.json`, content: config!.bytes }
  const members = layers.map(({ bytes, descriptor }) => ({
    path: `${hexOf(descriptor.digest)}/layer.tar`,
    content: bytes,
  }))
  const { tags = ['app:1'] } = options
  const entry = { Config: configMember.path, RepoTags: tags, Layers: members.map(({ path }) => path) }
  return { image, config: configMember, layers: members, entry }
}

export function manifestJson(...images: readonly SavedImage[]): RawMember {
  return { path: 'manifest.json', content: JSON.stringify(images.map(({ entry }) => entry)) }
}

export function savedArchive(...images: readonly SavedImage[]): Buffer {
  return tarOf([...images.flatMap(({ config, layers }) => [config, ...layers]), manifestJson(...images)])
}

/** An image as an OCI layout's members; `index.json` and `oci-layout` last. */
export function layoutMembers(image: TestImage, name?: string): readonly RawMember[] {
  const { root, manifests, blobs } = image
  const named = name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }
  const entry = { mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength, ...named }
  const contents = [
    ...blobs.map(({ bytes, descriptor }) => ({ path: blobPath(descriptor.digest), content: bytes })),
    ...manifests.map(({ bytes, digest }) => ({ path: blobPath(digest), content: bytes })),
  ]
  return [
    ...contents,
    { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ]
}

export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1)
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
