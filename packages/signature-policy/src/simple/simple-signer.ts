import { formatDockerReference, ImageError, type ImageSigner } from '@crossdock/core'
import { writeSimplePayload } from './payload.ts'
import { readSignedMessage } from './signed-message.ts'

export interface SimpleSignerOptions {
  /** What makes the signature, for people who look into it. Default: `crossdock`. */
  readonly creator?: string | undefined
  /** Default: the clock of this machine. */
  readonly now?: (() => Date) | undefined
}

/** Makes a binary OpenPGP signed message of the content. */
export type SignContent = (
  content: Uint8Array,
  options: { readonly date: Date; readonly signal: AbortSignal | undefined },
) => Promise<Uint8Array>

/** Whatever signs, the payload is the same, and what comes out has the form that is accepted here. */
export function simpleSigner(
  signContent: SignContent,
  { creator = 'crossdock', now = () => new Date() }: SimpleSignerOptions,
): ImageSigner {
  return {
    format: 'simple',
    sign: async (manifest, identity, { signal } = {}) => {
      signal?.throwIfAborted()
      const date = now()
      const payload = writeSimplePayload({
        digest: manifest.digest,
        dockerReference: formatDockerReference(identity),
        creator,
        timestamp: Math.floor(date.getTime() / 1000),
      })
      const bytes = await signContent(payload, { date, signal })
      const { content } = await readSignedMessage(bytes)
      if (!Buffer.from(payload).equals(content)) {
        throw new ImageError('INVALID_DATA', 'something else was signed than what should be')
      }
      return { format: 'simple', bytes }
    },
  }
}
