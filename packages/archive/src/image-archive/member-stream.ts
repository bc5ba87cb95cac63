import { ImageError } from '@crossdock/core'
import { toBlocks } from '../tar/fields.ts'
import { encodeTarHeader, END_OF_TAR_BYTES } from '../write/encode-header.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'
import type { ByteSink } from './byte-sink.ts'
import type { SmallMember } from './member-writer.ts'

/** A tar archive that goes into a sink as it is written. Disposing it disposes the sink. */
export interface MemberStream extends AsyncDisposable {
  /**
   * Sends a member. What was sent cannot be taken back: if the content fails, the member is filled up as soon as something follows. Throws
   * what the content throws, `DIGEST_MISMATCH` if it is more than the header says, and what the sink throws.
   */
  append(header: TarHeaderInput, content: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void>
  /** Sends the last members and finishes the sink. */
  finish(members: readonly SmallMember[], signal: AbortSignal | undefined): Promise<void>
}

const ZEROS = new Uint8Array(64 * 1024)

export function createMemberStream(sink: ByteSink): MemberStream {
  /** Bytes to the end of the member that was begun last. */
  let owed = 0

  function send(chunk: Uint8Array): void {
    sink.send(chunk)
    owed -= chunk.byteLength
  }

  async function begin(header: TarHeaderInput, signal: AbortSignal | undefined): Promise<void> {
    while (owed > 0) {
      send(ZEROS.subarray(0, Math.min(owed, ZEROS.byteLength)))
      await sink.ready(signal)
    }
    sink.send(encodeTarHeader(header))
    owed = toBlocks(header.size ?? 0)
  }

  return {
    async append(header, content, signal) {
      const { size = 0 } = header
      await begin(header, signal)
      await sink.ready(signal)
      for await (const chunk of content) {
        if (toBlocks(size) - owed + chunk.byteLength > size) {
          throw new ImageError('DIGEST_MISMATCH', `a blob should have ${size} bytes, but more came`)
        }
        send(chunk)
        await sink.ready(signal)
      }
    },
    async finish(members, signal) {
      for (const { header, content } of members) {
        await begin({ ...header, size: content.byteLength }, signal)
        send(content)
        await sink.ready(signal)
      }
      send(ZEROS.subarray(0, owed + END_OF_TAR_BYTES))
      await sink.finish(signal)
    },
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}
