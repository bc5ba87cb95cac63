import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'

/** Turns what stands behind `@word:` into an image's name. Throws if it cannot. */
export type ResolvePackage = (rest: string, options: OperationOptions) => string | Promise<string>

/** By the word before the colon. */
export type PackageResolvers = Readonly<Record<string, ResolvePackage>>

export interface PackageResolver {
  /**
   * The name that a text stands for: `@pkg:./path` is asked of the resolver `pkg`, another text is its own name. Throws `INVALID_REFERENCE`
   * for `@` without a word and a colon, or with nothing behind it, and for an answer that is no text; `UNSUPPORTED` for an unknown word;
   * what the resolver throws.
   */
  resolve(text: string, options?: OperationOptions): Promise<string>
}

const TEMPLATE = /^@([A-Za-z][A-Za-z0-9_-]*):(.+)$/s

/** Names of images that are worked out: references to packages in the files of a build. */
export function createPackageResolver(resolvers: PackageResolvers): PackageResolver {
  const known = new Map(Object.entries(resolvers))
  return Object.freeze<PackageResolver>({
    async resolve(text, options = {}) {
      options.signal?.throwIfAborted()
      if (!text.startsWith('@')) return text
      const [, word, rest] = TEMPLATE.exec(text) ?? []
      if (word === undefined || rest === undefined) throw malformed(text)
      const resolve = known.get(word)
      if (resolve === undefined) throw unknownWord(text, word, [...known.keys()])
      const name = await resolve(rest, options)
      if (typeof name === 'string' && name !== '') return name
      throw new ImageError('INVALID_REFERENCE', `"${quoteForeign(text, 200)}" was resolved to nothing`)
    },
  })
}

function malformed(text: string): ImageError {
  return new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(text, 200)}" names no package: write @WORD:REST, or an image's name without "@"`,
  )
}

function unknownWord(text: string, word: string, known: readonly string[]): ImageError {
  const there = known.length === 0 ? 'there is none' : `known: ${known.toSorted().join(', ')}`
  return new ImageError('UNSUPPORTED', `nothing resolves "@${word}:" in "${quoteForeign(text, 200)}"; ${there}`)
}
