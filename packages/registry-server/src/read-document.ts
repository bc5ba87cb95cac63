import type { Exchange, Registry } from './exchange.ts'
import { Refusal } from './refusal.ts'

/** The body of a request that brings a manifest, or what is as small. Throws a `Refusal` for a larger one. */
export async function readDocument(registry: Registry, exchange: Exchange): Promise<Uint8Array> {
  const { maxManifestBytes } = registry.options.limits
  const tooLarge = new Refusal(413, {
    code: 'SIZE_INVALID',
    message: `a manifest may have ${maxManifestBytes} bytes`,
  })
  if ((exchange.bodySize ?? 0) > maxManifestBytes) throw tooLarge
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of exchange.body) {
    size += piece.byteLength
    if (size > maxManifestBytes) throw tooLarge
    pieces.push(piece)
  }
  return Buffer.concat(pieces, size)
}
