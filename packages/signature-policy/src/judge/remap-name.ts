import { type DockerReference, formatDockerReference, repositoryName } from '@crossdock/core'
import { parsedName } from './parsed-name.ts'

export interface NameRemapping {
  /** What a name begins with, in whole components. */
  readonly prefix: string
  /** What stands in its place in what was signed. */
  readonly signedPrefix: string
}

/**
 * The name under which an image is signed that is used under another; as it is if it begins otherwise (containers-policy.json(5),
 * "remapIdentity"). Undefined if that makes no name that is spelt out.
 */
export function remapName(
  image: DockerReference,
  { prefix, signedPrefix }: NameRemapping,
): DockerReference | undefined {
  const name = repositoryName(image)
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return image
  const text = signedPrefix + formatDockerReference(image).slice(prefix.length)
  const reference = parsedName(text)
  return reference !== undefined && formatDockerReference(reference) === text ? reference : undefined
}
