import { ImageError } from '@crossdock/core'

/** Where something was found. */
export interface Place {
  /** What is read, for messages. */
  readonly what: string
  /** The byte at which the header begins. */
  readonly position: number
}

export function invalid({ what, position }: Place, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what}: the tar header at byte ${position} is refused: ${problem}`)
}

export function unsupported({ what, position }: Place, problem: string): ImageError {
  return new ImageError('UNSUPPORTED', `${what}: the member at byte ${position} cannot be read: ${problem}`)
}

export function overLimit({ what, position }: Place, problem: string): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `${what}: at byte ${position} ${problem}`)
}

/** The archive ends where it should go on. */
export function cutOff(what: string, missing: string): ImageError {
  return new ImageError('INVALID_DATA', `${what} is cut off: it ends ${missing}; get it again`)
}
