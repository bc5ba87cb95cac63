import { ImageError, quoteForeign } from '@crossdock/core'
import { coalesce } from '@crossdock/streams'
import { toBlocks } from '../tar/fields.ts'
import { encodeTarHeader, END_OF_TAR_BYTES } from './encode-header.ts'
import type { TarInput } from './tar-input.ts'

/**
 * Writes an archive, member by member in the order given, in chunks of at least 256 KiB. The same input gives the same bytes.
 * Throws `INVALID_DATA` for what `encodeTarHeader` refuses and for a content with other bytes than `size` says; what a
 * content throws comes through.
 */
export function writeTar(inputs: Iterable<TarInput> | AsyncIterable<TarInput>): AsyncGenerator<Uint8Array> {
  return coalesce(pieces(inputs))
}

async function* pieces(inputs: Iterable<TarInput> | AsyncIterable<TarInput>): AsyncGenerator<Uint8Array> {
  for await (const input of inputs) {
    const { content, size = 0 } = input
    const header = encodeTarHeader(input)
    if (content === undefined || content instanceof Uint8Array) yield wholeMember(input, header, content)
    else {
      yield header
      yield* sized(content(), input)
      if (toBlocks(size) > size) yield new Uint8Array(toBlocks(size) - size)
    }
  }
  yield new Uint8Array(END_OF_TAR_BYTES)
}

function wholeMember(input: TarInput, header: Uint8Array, content?: Uint8Array): Uint8Array {
  const { size = 0 } = input
  if ((content?.byteLength ?? 0) !== size) throw wrongSize(input, content?.byteLength ?? 0)
  const member = new Uint8Array(header.byteLength + toBlocks(size))
  member.set(header)
  if (content !== undefined) member.set(content, header.byteLength)
  return member
}

async function* sized(content: AsyncIterable<Uint8Array>, input: TarInput): AsyncGenerator<Uint8Array> {
  const { size = 0 } = input
  let done = 0
  for await (const chunk of content) {
    done += chunk.byteLength
    if (done > size) throw wrongSize(input, done)
    yield chunk
  }
  if (done < size) throw wrongSize(input, done)
}

function wrongSize({ path, size = 0 }: TarInput, found: number): ImageError {
  const had = found > size ? 'has more' : `has only ${found}`
  return new ImageError('INVALID_DATA', `"${quoteForeign(path, 200)}" should have ${size} bytes in the tar, but ${had}`)
}
