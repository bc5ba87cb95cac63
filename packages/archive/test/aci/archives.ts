import { tmpdir } from 'node:os'
import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { type AciArchive, bytesAccess, type FindDependency, openAci, writeTar, type TarInput } from '../../src/index.ts'
import { readAll } from '../bodies.ts'

export const OPTIONS = { tmpDir: tmpdir(), maxUnpackedBytes: 1024 ** 2 }

/** A file of `test/fixtures/aci`. */
export function aciFixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/aci/${name}`, import.meta.url))
}

/** An archive in memory, opened and closed after the test. */
export async function opened(bytes: Uint8Array, name = 'it'): Promise<AciArchive> {
  const archive = await openAci(bytesAccess(bytes, name), OPTIONS)
  onTestFinished(() => archive[Symbol.asyncDispose]())
  return archive
}

/** The bytes of an archive with these members; a manifest is given as its members beside the kind and version. */
export async function aciOf(manifest: object, files: readonly TarInput[]): Promise<Uint8Array> {
  const document = { acKind: 'ImageManifest', acVersion: '0.8.11', ...manifest }
  const content = Buffer.from(JSON.stringify(document))
  const head: readonly TarInput[] = [
    { path: 'manifest', size: content.byteLength, content },
    { path: 'rootfs', type: 'directory' },
  ]
  return await tarOf([...head, ...files.map((file) => ({ ...file, path: `rootfs/${file.path}` }))])
}

export async function tarOf(members: readonly TarInput[]): Promise<Uint8Array> {
  return await readAll(writeTar(members))
}

export function textFile(path: string, text = ''): TarInput {
  const content = Buffer.from(text)
  return { path, size: content.byteLength, content }
}

/** An image with files that hold its name. */
export async function imageOf(
  name: string,
  { files, ...manifest }: { files: readonly string[]; [key: string]: unknown },
): Promise<AciArchive> {
  const bytes = await aciOf(
    { name, ...manifest },
    files.map((path) => textFile(path, name)),
  )
  return await opened(bytes, name)
}

export function dependingOn(...names: readonly string[]): { dependencies: readonly object[] } {
  return { dependencies: names.map((imageName) => ({ imageName })) }
}

/** Finds an image by its name alone. */
export function among(all: readonly AciArchive[]): FindDependency {
  return ({ imageName }) => all.find(({ manifest }) => manifest.name === imageName)
}
