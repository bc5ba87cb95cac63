import { bytesAccess, indexTar, readTar, type IndexTarOptions, type TarEntry, type TarIndex } from '../src/index.ts'

/** `all` in pieces of `size`. */
export async function* pieces(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < all.byteLength; position += size) yield all.subarray(position, position + size)
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have been rejected')
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

/** Bytes that look random and are the same in every run. */
export function noise(size: number): Buffer {
  const result = Buffer.alloc(size)
  let state = 42
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    result[index] = state >>> 24
  }
  return result
}

export async function indexOf(tar: Uint8Array, options: IndexTarOptions = {}): Promise<TarIndex> {
  return await indexTar(bytesAccess(tar), options)
}

/** A member as the streaming reader gives it. */
export interface ReadMember {
  readonly entry: TarEntry
  readonly content: Buffer
}

export async function streamed(tar: Uint8Array, cut = 65_536): Promise<ReadMember[]> {
  const members: ReadMember[] = []
  for await (const { entry, content } of readTar(pieces(tar, cut))) {
    members.push({ entry, content: await readAll(content) })
  }
  return members
}
