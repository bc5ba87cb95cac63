import { type DockerReference, ImageError, parseDockerReference } from '@crossdock/core'

/** Undefined for text that is no image name. */
export function parsedName(text: string): DockerReference | undefined {
  try {
    return parseDockerReference(text)
  } catch (error) {
    if (error instanceof ImageError) return undefined
    throw error
  }
}
